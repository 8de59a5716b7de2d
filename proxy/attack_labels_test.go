package proxy_test

// foreignLabels are tries of label schemas and review queues.
var foreignLabels = []reach{
	{request{"POST", v3 + "label-schemas/create", `{"experiment_id":"<EXP>","name":"n","type":"FEEDBACK","input":{"text":{}}}`}, 404},
	{request{"GET", v3 + "label-schemas/get?schema_id=<LS>", ""}, 404},
	{request{"GET", v3 + "label-schemas/get-by-name?experiment_id=<EXP>&name=ls<SECRET>", ""}, 404},
	{request{"GET", v3 + "label-schemas/list?experiment_id=<EXP>", ""}, 404},
	{request{"PATCH", v3 + "label-schemas/update", `{"schema_id":"<LS>","instruction":"i"}`}, 404},

	{request{"POST", v3 + "review-queues/create", `{"experiment_id":"<EXP>","name":"n","queue_type":"CUSTOM"}`}, 404},
	{request{"POST", v3 + "review-queues/get-or-create-user", `{"experiment_id":"<EXP>","user":"u"}`}, 404},
	{request{"GET", v3 + "review-queues/get?queue_id=<RQ>", ""}, 404},
	{request{"GET", v3 + "review-queues/get-by-name?experiment_id=<EXP>&name=rq<SECRET>", ""}, 404},
	{request{"GET", v3 + "review-queues/list?experiment_id=<EXP>", ""}, 404},
	{request{"POST", v3 + "review-queues/update", `{"queue_id":"<RQ>","update_users":true,"users":["u"]}`}, 404},
	{request{"GET", v3 + "review-queues/items/list?queue_id=<RQ>", ""}, 404},
	{request{"POST", v3 + "review-queues/items/set-status", `{"queue_id":"<RQ>","item_id":"<TR>","status":"COMPLETE"}`}, 404},
	{request{"POST", v3 + "review-queues/items/remove", `{"queue_id":"<RQ>","item_ids":["<TR>"]}`}, 404},
	{request{"POST", v3 + "review-queues/items/add", `{"queue_id":"<RQ>","item_type":"TRACE","item_ids":["<TR>"]}`}, 404},
	{request{"POST", v3 + "review-queues/delete", `{"queue_id":"<RQ>"}`}, 200},
	{request{"DELETE", v3 + "label-schemas/delete", `{"schema_id":"<LS>"}`}, 200},
}
