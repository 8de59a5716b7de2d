// Package resolve turns the ids in a call into the names that decide about it.
//
// It owns what is remembered of MLflow's answers and for how long: a run's
// experiment never changes and is kept; an experiment's name may be changed
// by others and is asked again after seconds. It owns the map from artifact
// paths to the experiments and registered models that they belong to.
//
// It does not own the decision, nor the connection (it asks an
// [mlflowapi.Upstream]), nor the spelling of ids (its callers hold them to
// one; they are escaped here all the same).
//
// It fails closed: only MLflow's own word that something does not exist is
// read as that, and is never kept. Every other fault is an error.
package resolve
