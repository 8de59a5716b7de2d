// Company is the demo's company login: an OpenID provider on loopback at which one
// signs in without a password. It stands for Keycloak, Okta, Entra or Google.
package main

import (
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"mlgate/auth/oidc/oidctest"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address on loopback")
	gate := flag.String("gate", "http://127.0.0.1:8080", "mlgate's external_url")
	secret := flag.String("secret-file", "", "file with mlgate's client secret")
	flag.Parse()
	if err := run(*listen, *gate, *secret); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(listen, gate, secretFile string) error {
	secret, err := os.ReadFile(secretFile) // #nosec G304 G703 -- the demo names the file
	if err != nil {
		return err
	}
	idp, err := oidctest.Start(oidctest.Options{
		Listen: listen, ClientID: "mlgate", ClientSecret: strings.TrimSpace(string(secret)),
		Redirects: []string{gate + "/_gate/callback"}, PostLogout: []string{gate + "/_gate/login"},
		Backchannel: gate + "/_gate/backchannel/company",
		Users:       []oidctest.User{employee("alice", "vision"), employee("bob", "language")},
	})
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	return idp.Close()
}

func employee(name, group string) oidctest.User {
	return oidctest.User{Name: name, Claims: map[string]any{"preferred_username": name, "groups": []string{group}}}
}
