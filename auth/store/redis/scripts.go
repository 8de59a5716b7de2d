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
}

func newScripts() *scripts {
	return &scripts{
		renew: script("renew"), leave: script("leave"), pending: script("pending"), settle: script("settle"),
		key: script("key"), clear: script("clear"),
		put: script("token_put"), get: script("token_get"), list: script("token_list"),
		del: script("token_delete"), expire: script("token_expire"), touch: script("token_touch"),
	}
}

// script reads one script. All are in the binary, or it was not built.
func script(name string) *goredis.Script {
	return goredis.NewScript(source("lease") + source(name))
}

func source(name string) string {
	text, err := lua.ReadFile("lua/" + name + ".lua")
	if err != nil {
		panic(err)
	}
	return string(text)
}
