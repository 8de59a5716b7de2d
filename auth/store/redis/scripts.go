package redis

import (
	"embed"

	goredis "github.com/redis/go-redis/v9"
)

//go:embed lua/*.lua
var lua embed.FS

// scripts are the scripts of the store, each with lua/lease.lua before it.
type scripts struct {
	renew, leave, pending, settle *goredis.Script
	key, clear                    *goredis.Script
	put, get, list                *goredis.Script
	del, expire, touch            *goredis.Script
	sessionPut, sessionGet        *goredis.Script
	sessionReplace, sessionDelete *goredis.Script
	sessionList                   *goredis.Script
	oncePut, onceTake             *goredis.Script
}

func newScripts() *scripts {
	return &scripts{
		renew: script("renew"), leave: script("leave"), pending: script("pending"), settle: script("settle"),
		key: script("key"), clear: script("clear"),
		put: script("token_put"), get: script("token_get"), list: script("token_list"),
		del: script("token_delete"), expire: script("token_expire"), touch: script("token_touch"),
		sessionPut: script("session", "session_put"), sessionGet: script("session_get"),
		sessionReplace: script("session", "session_replace"), sessionDelete: script("session_delete"),
		sessionList: script("session_list"),
		oncePut:     script("once_put"), onceTake: script("once_take"),
	}
}

// script reads the parts of one script. All are in the binary, or it was not built.
func script(names ...string) *goredis.Script {
	text := source("lease")
	for _, name := range names {
		text += source(name)
	}
	return goredis.NewScript(text)
}

func source(name string) string {
	text, err := lua.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return string(text)
}
