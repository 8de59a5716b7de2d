package mlflowapi

import (
	"errors"
)

// MLflow takes the client's word for who did something. mlgate writes the
// identity instead, and lets nobody change it later.
const (
	userTag  = "mlflow.user"
	ownTags  = "mlgate."     // mlgate's alone
	ownerTag = "mlgate.user" // who created a run through mlgate
)

// Sign puts the identity where the request says who is acting, and refuses
// what would change it afterwards. Nobody signed in: the client's word stays.
//
// A refusal is returned when all is signed: where mlgate only watches, the
// call goes on, and must not go on unsigned.
func (w *World) Sign(c *Call) error {
	var refused *Refusal
	for _, tag := range c.tags {
		if err := w.signTag(c, tag); err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	for _, text := range c.texts {
		if err := w.signText(c, text); err != nil && !errors.As(err, &refused) {
			return err
		}
	}
	if c.Endpoint.Special == SetItemStatus {
		w.signReview(c.args)
	}
	for _, param := range [...]string{"tag_key", "key"} {
		key, ok := c.Params[param]
		if !ok {
			continue
		}
		if err := reservedTag(key, false); err != nil && !errors.As(err, &refused) {
			return err
		}
		if key == modelVersionsKey { // it may hold entries that the caller cannot see
			refused = &Refusal{Answer: Forbidden("the tag %s may not be deleted; set it to [] instead", modelVersionsKey), Rule: "rule: " + modelVersionsKey}
		}
	}
	if r := w.signTrace(c); r != nil {
		refused = r
	}
	for _, s := range c.signed {
		if w.User != "" {
			s.in.set(s.name, newString(w.User))
		}
	}
	if c.Endpoint.Special == CreateRun && w.User != "" {
		w.signRun(c.args)
	}
	if refused != nil {
		return refused
	}
	return nil
}

func (w *World) signTag(c *Call, tag *object) error {
	key := tag.text("key")
	if err := markOf(c, tag); err != nil {
		return err
	}
	if err := reservedTag(key, c.Endpoint.Creates); err != nil {
		return err
	}
	if tagNamed(key, userTag) && w.User != "" {
		tag.set("key", newString(userTag))
		tag.set("value", newString(w.User))
	}
	return nil
}

// reservedTag refuses a key that is not the client's to write, in any spelling:
// to a reader, and to some stores, "MLflow.User" is the same.
func reservedTag(key string, creates bool) error {
	if standsFor(key, ownTags, true) {
		// In every mode: a forged creator would hold after enforcement begins.
		return Forbidden("tags that begin with %q are written by mlgate alone", ownTags)
	}
	if standsFor(key, userTag, false) && !creates {
		return &Refusal{Answer: Forbidden("the tag %q says who created something; mlgate wrote it and nobody changes it", userTag), Rule: "rule: " + userTag}
	}
	return misspelt(key)
}

func tagNamed(key, name string) bool { return standsFor(key, name, false) }

func (w *World) signRun(args *object) {
	args.set("user_id", newString(w.User))
	tags := args.get("tags")
	if tags == nil {
		tags = newList(nil)
		args.set("tags", tags)
	}
	kept := tags.list[:0:0]
	for _, t := range tags.list {
		if !tagNamed(t.obj.text("key"), userTag) {
			kept = append(kept, t)
		}
	}
	for _, key := range []string{userTag, ownerTag} {
		o := &object{}
		o.set("key", newString(key))
		o.set("value", newString(w.User))
		kept = append(kept, newObject(o))
	}
	tags.list = kept
}
