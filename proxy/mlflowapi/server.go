package mlflowapi

// serverRows are the UI and what tells about the server as a whole.
// users/current is not a route of a stock server: MLflow's UI asks for it to
// show who is signed in, and it is answered here.
func serverRows() []Endpoint {
	return []Endpoint{
		{Name: "/", Methods: get, Paths: []string{"/"}, Kind: Server, Action: Read, Special: Static, Repeatable: true, File: true},
		{Name: "graphql", Methods: post, Paths: []string{"/graphql"}, Kind: Experiment, Action: Read, Args: InBody, Special: GraphQL, Repeatable: true},
		{Name: "health", Methods: get, Paths: []string{"/health"}, Kind: Server, Action: Read, Special: Health, Repeatable: true},
		{Name: "server-info", Methods: get, Paths: v3("server-info"), Kind: Server, Action: Read, Special: ServerInfo, Repeatable: true},
		{Name: "static-files/{path}", Methods: get, Paths: []string{"/static-files/{path...}"}, Kind: Server, Action: Read, Special: Static, Repeatable: true, File: true},
		{Name: "ui-telemetry", Methods: get, Paths: ajax3("ui-telemetry"), Kind: Server, Action: Read, Repeatable: true},
		{Name: "users/current", Methods: get, Paths: v2("users/current"), Kind: Server, Action: Read, Special: CurrentUser, Repeatable: true},
		{Name: "version", Methods: get, Paths: []string{"/version"}, Kind: Server, Action: Read, Special: Health, Repeatable: true},
	}
}
