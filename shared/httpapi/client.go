package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

type clientKey struct{}

// ClientIP returns the address that the request comes from, as far as the trusted proxies tell; the zero Addr when it is not
// known. It is there before authentication.
func ClientIP(ctx context.Context) netip.Addr {
	ip, _ := ctx.Value(clientKey{}).(netip.Addr)
	return ip
}

// WithClientIP returns a context whose request comes from ip, for tests of what asks ClientIP.
func WithClientIP(ctx context.Context, ip netip.Addr) context.Context {
	return context.WithValue(ctx, clientKey{}, ip)
}

// ClientIPOf returns the address that a request comes from through so many trusted proxies, where no API does it.
func ClientIPOf(r *http.Request, proxies int) netip.Addr { return clientIP(r, proxies) }

// clientIP finds the client of a request that came through so many trusted proxies, each of which appended to
// X-Forwarded-For the address that it was called from. The client is what the outermost of them appended; whatever stands
// before that the client itself may have written. Where the header has less, or no address there, it was not made by those
// proxies: then the client is whoever is connected.
func clientIP(r *http.Request, proxies int) netip.Addr {
	peer, _ := parseAddress(r.RemoteAddr)
	if proxies == 0 {
		return peer
	}
	lines := r.Header.Values("X-Forwarded-For") // several are one list (RFC 9110, part 5.3)
	for i := len(lines) - 1; i >= 0; i-- {
		for rest, more := lines[i], true; more; {
			comma := strings.LastIndexByte(rest, ',')
			entry := rest[comma+1:]
			more = comma >= 0
			rest = rest[:max(comma, 0)]
			if proxies--; proxies > 0 {
				continue
			}
			if ip, ok := parseAddress(strings.TrimSpace(entry)); ok {
				return ip
			}
			return peer
		}
	}
	return peer
}

// parseAddress reads an address with or without a port.
func parseAddress(s string) (netip.Addr, bool) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Unmap().WithZone(""), true
	}
	if both, err := netip.ParseAddrPort(s); err == nil {
		return both.Addr().Unmap().WithZone(""), true
	}
	return netip.Addr{}, false
}

// Network is as much of an address as a log may keep; empty for none: the network says where an attack comes from, and names no person.
func Network(ip netip.Addr) string {
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	network, err := ip.Prefix(bits)
	if err != nil || !network.IsValid() {
		return ""
	}
	return network.Addr().String()
}
