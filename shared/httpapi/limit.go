package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/ratelimit"
)

// Limiter decides how often somebody may ask. *ratelimit.Limiter is one.
type Limiter interface {
	Take(ctx context.Context, r ratelimit.Request) ratelimit.Decision
}

// Tightened hears that a principal was refused so often that its quotas became smaller. The address is where the last of
// these requests came from.
type Tightened func(ctx context.Context, p Principal, ip netip.Addr)

// Class returns the access with the class that the operation's requests are limited by, in place of the one that follows
// from its method: read for GET and HEAD, write for all others.
func (a Access) Class(c ratelimit.Class) Access {
	a.class = c
	return a
}

func (a Access) classOf(method string) ratelimit.Class {
	switch {
	case a.class != "":
		return a.class
	case method == http.MethodGet || method == http.MethodHead:
		return ratelimit.Read
	}
	return ratelimit.Write
}

// charge charges a request to its principal and account; to where it comes from when the principal is the zero one. It sets
// the headers that tell what is left. The error is the problem of a request that is refused.
func (a *API) charge(ctx context.Context, h http.Header, p Principal, class ratelimit.Class) error {
	if a.limiter == nil {
		return nil
	}
	r := ratelimit.Request{Class: class, IP: ClientIP(ctx)}
	switch {
	case p.KeyID != "":
		r.Kind, r.Principal = ratelimit.Key, p.KeyID
	case p.UserID != "":
		r.Kind, r.Principal = ratelimit.User, p.UserID
	}
	r.Account, r.Plan, r.Role = p.AccountID, p.Plan, string(p.Role)
	d := a.limiter.Take(ctx, r)
	if d.Tightened && a.tightened != nil {
		a.tightened(ctx, p, r.IP)
	}
	h["Ratelimit-Policy"] = []string{d.PolicyField()}
	h["Ratelimit"] = []string{d.LimitField()}
	if d.Admitted {
		return nil
	}
	h.Set("Retry-After", strconv.Itoa(d.RetryAfter()))
	return refusal(ctx, d)
}

// failed is what a failed authentication is answered with. Past the limit of where it comes from that is no longer whether a
// token is good, so that nobody can go on trying. Whoever has a good token is let in from there all the same.
func (a *API) failed(ctx context.Context, h http.Header, err error) error {
	if problem.CodeOf(err) != problem.Unauthenticated {
		return err
	}
	if refused := a.charge(ctx, h, Principal{}, ratelimit.Failure); refused != nil {
		note(ctx).err = err
		return refused
	}
	return err
}

// The registered problem types of a refusal, with their titles:
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/, part 5.
const problemTypes = "https://iana.org/assignments/http-problem-types#"

func refusal(ctx context.Context, d ratelimit.Decision) *Problem {
	wait := (time.Duration(d.RetryAfter()) * time.Second).String()
	var body *Problem
	switch {
	case d.Alone:
		// The caller is over its part of this instance's, which says nothing of its whole quota.
		body = newProblem(ctx, problem.Unavailable, fmt.Sprintf("We can take less than usual just now. Try again in %s.", wait), nil)
		body.Type, body.Title = problemTypes+"temporary-reduced-capacity", "Request cannot be satisfied due to temporary server capacity constraints"
	case d.Abnormal():
		body = newProblem(ctx, problem.RateLimited,
			fmt.Sprintf("Requests went on after they were refused, so fewer are taken for a while. Try again in %s, and wait as long as Retry-After says.", wait), nil)
		body.Type, body.Title = problemTypes+"abnormal-usage-detected", "Request not satisfied due to detection of abnormal request pattern"
	default:
		body = newProblem(ctx, problem.RateLimited, fmt.Sprintf("These are too many requests. Try again in %s.", wait), nil)
		body.Type, body.Title = problemTypes+"quota-exceeded", "Request cannot be satisfied as assigned quota has been exceeded"
	}
	body.ViolatedPolicies = d.Violated()
	note(ctx).violated = body.ViolatedPolicies
	return body
}
