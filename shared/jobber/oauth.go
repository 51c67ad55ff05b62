package jobber

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/clock"
)

// oauth speaks Jobber's OAuth 2.0 (developer.getjobber.com, "App authorization").
type oauth struct {
	cfg   Config
	http  *http.Client
	clock clock.Clock
	log   *slog.Logger
}

// tokens are what Jobber gives an app for one account. They are never logged.
type tokens struct {
	access, refresh string
	expiresAt       time.Time
}

const (
	oauthTimeout  = 20 * time.Second
	maxOAuthReply = 64 << 10
	// usualLife is how long an access token lives when its reply tells nothing that can be read.
	usualLife = 60 * time.Minute
)

// errGrantInvalid is Jobber's refusal of a code or a refresh token: it will never be accepted again.
var errGrantInvalid = errors.New("the grant is not valid")

// authorizeURL is Jobber's consent page. Jobber returns state unchanged.
func (o *oauth) authorizeURL(state string) string {
	return o.cfg.AuthorizeURL + "?" + url.Values{
		"response_type": {"code"}, "client_id": {o.cfg.ClientID}, "redirect_uri": {o.cfg.redirectURL()}, "state": {state},
	}.Encode()
}

// exchange turns the code of a consent into tokens. A code is good once.
func (o *oauth) exchange(ctx context.Context, code string) (tokens, error) {
	return o.post(ctx, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {o.cfg.redirectURL()}})
}

// refresh turns a refresh token into new tokens. It rotates: the old one must not be sent again once this succeeded.
func (o *oauth) refresh(ctx context.Context, refreshToken string) (tokens, error) {
	t, err := o.post(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}})
	if err == nil && t.refresh == "" {
		t.refresh = refreshToken // rotation is switched off for this app
	}
	return t, err
}

func (o *oauth) post(ctx context.Context, form url.Values) (tokens, error) {
	ctx, cancel := context.WithTimeout(ctx, oauthTimeout)
	defer cancel()
	form.Set("client_id", o.cfg.ClientID)
	form.Set("client_secret", o.cfg.ClientSecret.Reveal())
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.cfg.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return tokens{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	asked := o.clock.Now()
	resp, err := o.http.Do(req)
	if err != nil {
		return tokens{}, fmt.Errorf("asking Jobber for tokens: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxOAuthReply))
	if err != nil {
		return tokens{}, fmt.Errorf("asking Jobber for tokens: %w", err)
	}
	switch {
	case resp.StatusCode == http.StatusOK:
	case resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode >= 500:
		return tokens{}, fmt.Errorf("asking Jobber for tokens: status %d", resp.StatusCode)
	case refusesApp(body):
		return tokens{}, fmt.Errorf("asking Jobber for tokens: status %d: it does not accept the app's id and secret", resp.StatusCode)
	default: // which status a refusal has is not documented
		return tokens{}, fmt.Errorf("asking Jobber for tokens: status %d: %w", resp.StatusCode, errGrantInvalid)
	}
	var reply struct {
		AccessToken  string          `json:"access_token"`
		RefreshToken string          `json:"refresh_token"`
		ExpiresAt    string          `json:"expires_at"`
		ExpiresIn    json.RawMessage `json:"expires_in"`
		Warning      string          `json:"warning"`
	}
	if err := json.Unmarshal(body, &reply); err != nil {
		return tokens{}, fmt.Errorf("asking Jobber for tokens: %w", err)
	}
	if reply.AccessToken == "" {
		return tokens{}, errors.New("asking Jobber for tokens: the reply has none")
	}
	if reply.Warning != "" {
		o.log.WarnContext(ctx, "Jobber warns of the app's tokens", "warning", reply.Warning)
	}
	return tokens{
		access: reply.AccessToken, refresh: reply.RefreshToken,
		expiresAt: expiry(reply.AccessToken, reply.ExpiresAt, reply.ExpiresIn, asked),
	}, nil
}

// refusesApp tells a wrong client id or secret, which is ours to set right, from a refused grant (RFC 6749, part 5.2).
func refusesApp(body []byte) bool {
	var reply struct {
		Error string `json:"error"`
	}
	return json.Unmarshal(body, &reply) == nil && (reply.Error == "invalid_client" || reply.Error == "unauthorized_client")
}

// expiry reads when an access token ends: from the token itself, else from the reply's texts, else it is the usual life.
// Most replies have no expires_in.
func expiry(access, expiresAt string, expiresIn json.RawMessage, asked time.Time) time.Time {
	if t, ok := jwtExpiry(access); ok {
		return t
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 MST"} {
		if t, err := time.Parse(layout, expiresAt); err == nil {
			return t.UTC()
		}
	}
	if s, err := time.ParseDuration(strings.Trim(string(expiresIn), `"`) + "s"); err == nil && s > 0 {
		return asked.Add(s)
	}
	return asked.Add(usualLife)
}

// jwtExpiry reads the exp claim. Only Jobber can verify the token, and only it has to.
func jwtExpiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	if err != nil {
		return time.Time{}, false
	}
	var claims struct {
		Exp float64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &claims); err != nil || claims.Exp <= 0 {
		return time.Time{}, false
	}
	return time.Unix(int64(claims.Exp), 0).UTC(), true
}
