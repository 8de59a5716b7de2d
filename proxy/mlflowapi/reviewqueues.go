package mlflowapi

// reviewQueueRows are review queues, each in one experiment. MLflow takes only
// label schemas and traces of that experiment into one, and says of all others
// that they are not there; so schema_ids and item_ids name nothing more than
// the queue does. Users are names as people write them: whom a queue is for,
// not who acts. Who made it MLflow asks its own login for, and not created_by.
func reviewQueueRows() []Endpoint {
	return []Endpoint{
		{Name: "review-queues/create", Methods: post, Paths: v3("review-queues/create"), Kind: Experiment, Action: Edit, Args: InBody,
			Fields: "experiment_id:experiment! name! queue_type created_by users[] schema_ids[]"},
		{Name: "review-queues/delete", Methods: post, Paths: v3("review-queues/delete"), Kind: Experiment, Action: Manage, Args: InBody, Forgives: true,
			Fields: "queue_id:review_queue!"},
		{Name: "review-queues/get", Methods: get, Paths: v3("review-queues/get"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "queue_id:review_queue!"},
		{Name: "review-queues/get-by-name", Methods: get, Paths: v3("review-queues/get-by-name"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_id:experiment! name!"},
		{Name: "review-queues/get-or-create-user", Methods: post, Paths: v3("review-queues/get-or-create-user"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "experiment_id:experiment! user! created_by"},
		{Name: "review-queues/items/add", Methods: post, Paths: v3("review-queues/items/add"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "queue_id:review_queue! item_type item_ids[]"},
		{Name: "review-queues/items/list", Methods: get, Paths: v3("review-queues/items/list"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "queue_id:review_queue! status max_results page_token"},
		{Name: "review-queues/items/remove", Methods: post, Paths: v3("review-queues/items/remove"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "queue_id:review_queue! item_ids[]"},
		{Name: "review-queues/items/set-status", Methods: post, Paths: v3("review-queues/items/set-status"), Kind: Experiment, Action: Edit, Args: InBody, Special: SetItemStatus, Repeatable: true,
			Fields: "queue_id:review_queue! item_id! status completed_by"},
		{Name: "review-queues/list", Methods: get, Paths: v3("review-queues/list"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "experiment_id:experiment! user max_results page_token item_id"},
		{Name: "review-queues/update", Methods: post, Paths: v3("review-queues/update"), Kind: Experiment, Action: Edit, Args: InBody, Repeatable: true,
			Fields: "queue_id:review_queue! update_users users[] update_schema_ids schema_ids[] name new_owner:refused"},
	}
}

// signReview writes who completed an item. An item that is opened again is
// completed by nobody, and MLflow refuses a name there.
func (w *World) signReview(args *object) {
	status, _ := args.spelling("status")
	if w.User == "" {
		return
	}
	if status == "PENDING" || status == pendingReview {
		args.drop("completed_by")
		return
	}
	args.set("completed_by", newString(w.User))
}

// pendingReview is MLflow's number for an item that is open.
const pendingReview = "1"
