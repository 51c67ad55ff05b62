package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"

	"fieldboard.dev/fieldboard/emulators/signin"
)

// Client is a signed-in person's browser, without the pages.
type Client struct {
	AccessToken string
	publicURL   string
	http        *http.Client
}

// maxAnswer bounds what a client reads of an answer.
const maxAnswer = 16 << 20

// StatusError is an answer that is no success.
type StatusError struct {
	Status int
	Body   string
}

func (e *StatusError) Error() string { return fmt.Sprintf("status %d: %s", e.Status, e.Body) }

// Anonymous returns a client that is not signed in.
func Anonymous(address string) *Client {
	return &Client{publicURL: address, http: &http.Client{}}
}

// SignIn signs a person in at the product's public address.
func SignIn(ctx context.Context, publicURL string, auth signin.Auth, email string) (*Client, error) {
	idToken, err := auth.SignIn(ctx, email, Password)
	if err != nil {
		return nil, err
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	c := &Client{publicURL: publicURL, http: &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	var session struct {
		AccessToken string `json:"accessToken"`
	}
	if err := c.Call(ctx, http.MethodPost, "/api/v1/session", map[string]string{"idToken": idToken}, &session); err != nil {
		return nil, fmt.Errorf("signing in %s: %w", email, err)
	}
	c.AccessToken = session.AccessToken
	return c, nil
}

// Call sends body as JSON to a path of the API and reads the answer into result; either may be nil. An answer that is no
// success is a *StatusError.
func (c *Client) Call(ctx context.Context, method, path string, body, result any) error {
	res, err := c.Do(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return err
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("%s %s: %w", method, path, &StatusError{res.StatusCode, string(content)})
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(content, result); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

// Do sends body as JSON to a path of the API, as a page of the dashboard does, and returns the answer whatever its status.
func (c *Client) Do(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.publicURL+path, content)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Origin", c.publicURL)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.AccessToken != "" {
		req.Header.Set("Authorization", "Bearer "+c.AccessToken)
	}
	return c.http.Do(req)
}

// Connect connects the person's business to an account of the Jobber emulator, by the same exchange as a browser: it asks
// for the consent page's address, sends that page's form, and hands in the code that Jobber answers with.
func (c *Client) Connect(ctx context.Context, jobberAccount int) error {
	var authorization struct {
		URL string `json:"url"`
	}
	if err := c.Call(ctx, http.MethodPost, "/api/v1/jobber/authorizations", map[string]any{}, &authorization); err != nil {
		return err
	}
	back, err := c.consent(ctx, authorization.URL, jobberAccount)
	if err != nil {
		return fmt.Errorf("the consent page: %w", err)
	}
	return c.Call(ctx, http.MethodPost, "/api/v1/jobber/connections",
		map[string]string{"code": back.Get("code"), "state": back.Get("state")}, nil)
}

// ErrNoTeam says that no team has been copied from Jobber yet.
var ErrNoTeam = errors.New("no team has been copied from Jobber yet")

// LinkTechnician says that a member is the first person in Jobber who is in a team, so that they see that team's visits. It
// returns the person's id.
func (c *Client) LinkTechnician(ctx context.Context, member string) (string, error) {
	var users struct {
		Items []struct{ ID, Team string }
	}
	if err := c.Call(ctx, http.MethodGet, "/api/v1/users?limit=100", nil, &users); err != nil {
		return "", err
	}
	for _, u := range users.Items {
		if u.Team != "" {
			return u.ID, c.Call(ctx, http.MethodPatch, "/api/v1/members/"+member, map[string]string{"jobberUserId": u.ID}, nil)
		}
	}
	return "", ErrNoTeam
}

// consent sends the consent page's form and returns the query with which Jobber sends the browser back.
func (c *Client) consent(ctx context.Context, page string, jobberAccount int) (url.Values, error) {
	address, err := url.Parse(page)
	if err != nil {
		return nil, err
	}
	form := address.Query()
	form.Set("account", strconv.Itoa(jobberAccount))
	form.Set("decision", "allow")
	address.RawQuery = ""
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusFound {
		content, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
		return nil, errors.Join(&StatusError{res.StatusCode, string(content)}, err)
	}
	back, err := res.Location()
	if err != nil {
		return nil, err
	}
	return back.Query(), nil
}
