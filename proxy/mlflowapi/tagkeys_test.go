package mlflowapi

import "testing"

func TestAKeyStandsForAReservedOneBySomeCollation(t *testing.T) {
	for _, key := range []string{
		"mlflow.user", "MLflow.User", " mlflow.user ", "mlflow.usér", "mlflow.use\u0301r", "mlfłow.user", "mlﬂow.user", "ｍlflow．user", "mlfl🅾w.user",
		"mlflow.user\u200b", "mlflow.us\u0001er", "mlflow.vser", "mlflow.uſer", "mlfløw.user", "mlflow․user", "ⓂⓁⒻⓁⓄⓌ.user", "mlflow.uꞅer", "mlflow.us\u0364r", "mlflow\ufe70.user",
	} {
		if !standsFor(key, userTag, false) {
			t.Errorf("%q is let pass", key)
		}
	}
	for _, key := range []string{
		"mlflow.users", "mlflow.use", "user", "größe", "モデル名前です", "модель.юзер", "mlflow.note.content", "mlflow.useя", "é", "",
		"mlflow.source.name", "mlflow.runName", "模型用户名称标签值", "🙂", "mlflowuser",
	} {
		if standsFor(key, userTag, false) || standsFor(key, ownTags, true) || misspelt(key) != nil {
			t.Errorf("%q is taken for a reserved key", key)
		}
	}
	for _, key := range []string{"mlgate.x", "MLGATE.", "mlgaté.user", "mlgate．", "mlgate\u200b.user"} {
		if !standsFor(key, ownTags, true) {
			t.Errorf("%q is let pass", key)
		}
	}
	for _, key := range spelt {
		if misspelt(key) != nil || misspelt(key+"x") != nil {
			t.Errorf("%q is refused", key)
		}
		if misspelt(key[:1]+"\u0301"+key[1:]) == nil {
			t.Errorf("%q with an accent is let pass", key)
		}
	}
}
