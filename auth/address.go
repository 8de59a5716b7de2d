package auth

import (
	"net/http"
	"net/netip"
)

// Loopback reports whether only this machine is reached by a host name.
func Loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// ClientAddress is whom failures are counted against: the request's address,
// for IPv6 its /64, which is the least that one customer is handed out and
// within which an attacker picks addresses for free. What cannot be read
// becomes the one zero address, so that it is counted too.
func ClientAddress(r *http.Request) netip.Addr {
	withPort, err := netip.ParseAddrPort(r.RemoteAddr)
	addr := withPort.Addr()
	if err != nil {
		if addr, err = netip.ParseAddr(r.RemoteAddr); err != nil {
			return netip.Addr{}
		}
	}
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return netip.Addr{}
	}
	return prefix.Addr()
}
