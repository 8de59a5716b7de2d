package mlflowapi

func closedRows() []Endpoint { return nil }
