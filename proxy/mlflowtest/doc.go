// Package mlflowtest gives tests a real MLflow and the real mlgate, in the way
// net/http/httptest gives them servers.
//
// It owns: the pinned Python environment as tests see it (made when it is
// missing), the start and the certain end of `mlflow server` on a free loopback
// port ([Start], [Shared]), raw requests and seeding ([Server]), the comparison
// of all that a server holds before and after ([Server.Snapshot]), Python
// scripts run against it ([Python]), and the mlgate binary in front of it
// ([StartGate]).
//
// It does not own: what is asserted. It knows no endpoint table and no policy;
// it must not import packages of this module, so that nothing under test can
// hide in what tests stand on.
//
// A start takes five seconds of a core, so a package shares one server between
// its tests, which keep apart by names of their own ([Name]):
//
//	var live = mlflowtest.NewShared()
//
//	func TestMain(m *testing.M) { os.Exit(live.Run(m)) }
//
//	func TestX(t *testing.T) {
//		srv := live.Server(t)
//		id := srv.CreateExperiment(t, mlflowtest.Name(t, "cv/x"))
//	}
//
// It is for tests only; no program imports it.
package mlflowtest
