package session

import (
	"net/http"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// cookieName is the only cookie that Firebase Hosting passes on:
// https://firebase.google.com/docs/hosting/manage-cache#using_cookies
const cookieName = "__session"

func (h *handler) cookie(token telemetry.Secret, expires time.Time) http.Cookie {
	return http.Cookie{
		Name:     cookieName,
		Value:    token.Reveal(),
		Path:     "/",
		MaxAge:   max(1, int(expires.Sub(h.clock.Now()).Seconds())),
		HttpOnly: true,
		Secure:   strings.HasPrefix(h.cfg.PublicURL, "https://"),
		SameSite: http.SameSiteStrictMode,
	}
}

func (h *handler) goneCookie() http.Cookie {
	c := h.cookie("", h.clock.Now())
	c.MaxAge = -1
	return c
}

// Browser is where a browser says that a request comes from. A page cannot set either header itself. SameSite=Strict keeps
// other sites from sending the cookie; this keeps out what shares the site, such as another port or a subdomain.
type Browser struct {
	FetchSite string `header:"Sec-Fetch-Site" hidden:"true"` // https://www.w3.org/TR/fetch-metadata/
	Origin    string `header:"Origin" hidden:"true"`
}

var errForeign = problem.New(problem.Forbidden, "This can only be called from the dashboard's own pages.")

// isForeign tells whether a browser says that the request comes from elsewhere.
func (b Browser) isForeign(publicURL string) bool {
	if b.FetchSite != "" {
		return b.FetchSite != "same-origin"
	}
	return b.Origin != "" && b.Origin != publicURL
}

// isOurs tells whether a browser says that the request comes from the dashboard. Saying nothing is not enough.
func (b Browser) isOurs(publicURL string) bool {
	return (b.FetchSite != "" || b.Origin != "") && !b.isForeign(publicURL)
}
