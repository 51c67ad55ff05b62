package httpapi

import (
	"context"
	"net/netip"
)

type clientIPKey struct{}

// ClientIP returns the address that the request comes from; the zero Addr, which is not valid, where that is not known.
func ClientIP(ctx context.Context) netip.Addr {
	addr, _ := ctx.Value(clientIPKey{}).(netip.Addr)
	return addr
}

// WithClientIP returns a context of a request that comes from addr.
func WithClientIP(ctx context.Context, addr netip.Addr) context.Context {
	return context.WithValue(ctx, clientIPKey{}, addr.Unmap())
}
