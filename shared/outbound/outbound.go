// Package outbound calls addresses that somebody outside has named, such as a browser's push service or an integration's
// webhook. Such an address must not lead to a machine of ours (server-side request forgery): it is checked when it is given,
// and again, for the address that its name leads to, whenever it is dialled.
package outbound

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"code.dny.dev/ssrf"

	"fieldboard.dev/fieldboard/shared/problem"
)

// maxURL is as much as any service that takes such addresses needs.
const maxURL = 2048

// CheckURL tells what is wrong with an address that is given, as a problem Invalid that is fit to show: it must be https, of a
// public name or IP address, on port 443, without a user or a fragment. That it passes does not make it safe to dial without
// Client: what its name leads to may change.
func CheckURL(text string) error {
	refused := func(why string) error { return problem.New(problem.Invalid, "The address %s.", why) }
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		return refused("is too long")
	case err != nil || u.Scheme != "https" || u.Opaque != "" || u.Hostname() == "":
		return refused("must begin with https:// and a name")
	case u.User != nil:
		return refused("must not have a user or a password in it")
	case u.Fragment != "":
		return refused("must not have a fragment (#) in it")
	case u.Port() != "" && u.Port() != "443":
		return refused("must be on port 443")
	case isInside(strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))):
		return refused("must be reachable from everywhere, not from inside a network alone")
	}
	return nil
}

// insideNames are the ends of names that only a network of its own resolves: RFC 6761, RFC 6762, RFC 8375, ICANN's .internal,
// and Google Cloud's metadata server.
var insideNames = []string{"localhost", "local", "internal", "intranet", "lan", "corp", "home", "home.arpa", "test", "example", "invalid", "onion"}

func isInside(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return guard.Safe(network(ip), netip.AddrPortFrom(ip, httpsPort).String(), nil) != nil
	}
	if !strings.Contains(host, ".") {
		return true
	}
	last := host[strings.LastIndex(host, ".")+1:]
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") { // what some resolvers read as an IPv4 address
		return true
	}
	for _, name := range insideNames {
		if host == name || strings.HasSuffix(host, "."+name) {
			return true
		}
	}
	return false
}

func network(ip netip.Addr) string {
	if ip.Is4() {
		return "tcp4"
	}
	return "tcp6"
}

const httpsPort = 443

// guard knows the networks that are no part of the public internet: IANA's special-purpose registries.
var guard = ssrf.New(ssrf.WithPorts(httpsPort))

// ErrRedirect says that an address sent the caller elsewhere.
var ErrRedirect = errors.New("outbound: redirects are not followed")

// NewClient returns a client for addresses that somebody outside has named. It dials public addresses on port 443 alone, after
// a name is resolved; it follows no redirect and knows no proxy. timeout bounds a whole call, with the reading of its answer.
func NewClient(timeout time.Duration) *http.Client {
	return newClient(timeout, &net.Dialer{Timeout: timeout, Control: guard.Safe})
}

func newClient(timeout time.Duration, dialer *net.Dialer) *http.Client {
	return &http.Client{
		Timeout:       timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return ErrRedirect },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: 30 * time.Second,
			TLSHandshakeTimeout: timeout, ResponseHeaderTimeout: timeout, MaxResponseHeaderBytes: 32 << 10,
		},
	}
}
