package gateway

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

const (
	// Hosting gives up on a function after 60 s (https://firebase.google.com/docs/hosting/functions).
	functionTimeout = 60 * time.Second
	// The largest request that a function accepts (https://cloud.google.com/functions/quotas).
	maxBody = 32 << 20
	// The one cookie that Hosting hands on (https://firebase.google.com/docs/hosting/manage-cache#using_cookies).
	sessionCookie = "__session"
)

func proxyTo(target *url.URL, log *slog.Logger) http.Handler {
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.URL.RawQuery = r.In.URL.RawQuery                           // as it is: whether it is good is the function's to say
			r.Out.Header["X-Forwarded-For"] = r.In.Header["X-Forwarded-For"] // Hosting appends to what a client wrote, as this does
			r.SetXForwarded()
			keepSessionCookie(r.Out)
		},
		Transport: &http.Transport{
			ResponseHeaderTimeout: functionTimeout,
			MaxIdleConnsPerHost:   64,
			IdleConnTimeout:       30 * time.Second,
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			var tooLarge *http.MaxBytesError
			switch {
			case errors.As(err, &tooLarge):
				writeProblem(w, http.StatusRequestEntityTooLarge, "too_large", "The request is too large.")
			case r.Context().Err() != nil: // the browser has gone
			default:
				log.WarnContext(r.Context(), "function did not answer", "path", r.URL.Path, "error", err)
				writeProblem(w, http.StatusBadGateway, "unavailable", "The service does not answer. Try again shortly.")
			}
		},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		proxy.ServeHTTP(w, r)
	})
}

func keepSessionCookie(r *http.Request) {
	kept, err := r.Cookie(sessionCookie)
	r.Header.Del("Cookie")
	if err == nil {
		r.AddCookie(&http.Cookie{Name: kept.Name, Value: kept.Value, Quoted: kept.Quoted})
	}
}

func writeProblem(w http.ResponseWriter, status int, code, title string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// Nothing can be done for a browser that does not take the answer.
	_, _ = w.Write([]byte(`{"type":"about:blank","title":"` + title + `","code":"` + code + `"}`))
}
