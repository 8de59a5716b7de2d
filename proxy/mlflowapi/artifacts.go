package mlflowapi

// artifactRows are the endpoints that move files. Uploading the same file
// twice leaves the same file; the store has no second copy.
func artifactRows() []Endpoint {
	path := artifactPaths("artifacts/{artifact_path...}")
	return []Endpoint{
		{Name: "artifacts/list", Methods: get, Paths: v2("artifacts/list"), Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true,
			Fields: "run_id|run_uuid:run! path page_token"},
		{Name: "get-artifact", Methods: get, Paths: []string{"/get-artifact"}, Kind: Experiment, Action: Read, Args: InQuery, Repeatable: true, File: true,
			Fields: "run_id|run_uuid:run! path!"},
		{Name: "mlflow-artifacts/artifacts", Methods: get, Paths: artifactPaths("artifacts"), Kind: Experiment, Action: Read, Args: InQuery, Special: ArtifactListing, Repeatable: true,
			Fields: "path"},
		{Name: "mlflow-artifacts/artifacts/{artifact_path}", Methods: del, Paths: path, Kind: Experiment, Action: Manage, Args: Streamed, Special: ArtifactPath},
		{Name: "mlflow-artifacts/artifacts/{artifact_path}", Methods: get, Paths: path, Kind: Experiment, Action: Read, Args: Streamed, Special: ArtifactPath, Repeatable: true, File: true},
		{Name: "mlflow-artifacts/artifacts/{artifact_path}", Methods: put, Paths: path, Kind: Experiment, Action: Edit, Args: Streamed, Special: ArtifactPath, Repeatable: true},
		{Name: "upload-artifact", Methods: post, Paths: ajax2("upload-artifact"), Kind: Experiment, Action: Edit, Args: Streamed, Repeatable: true,
			Fields: "run_uuid:run! path!"},
	}
}
