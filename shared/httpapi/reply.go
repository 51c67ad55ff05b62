package httpapi

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// reply holds an answer back until it is whole, so that a failure half-way can still become a problem and an ETag can be
// made of the body. Answers are small: lists are pages.
type reply struct {
	out  http.ResponseWriter
	head http.Header
	base http.Header // the headers that outlive discard
	code int
	body bytes.Buffer
	sent bool // by Stream
}

func newReply(w http.ResponseWriter) *reply {
	return &reply{out: w, head: http.Header{}}
}

func (r *reply) Header() http.Header { return r.head }

func (r *reply) WriteHeader(code int) {
	if r.code == 0 {
		r.code = code
	}
}

func (r *reply) Write(b []byte) (int, error) {
	if r.sent {
		return r.out.Write(b)
	}
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}

// SetReadDeadline bounds the time that the body may take to arrive. A server that cannot do this has a deadline of its own.
func (r *reply) SetReadDeadline(t time.Time) error {
	return http.NewResponseController(r.out).SetReadDeadline(t)
}

func (r *reply) status() int {
	if r.code == 0 {
		return http.StatusOK
	}
	return r.code
}

// keep marks the present headers as those that discard leaves.
func (r *reply) keep() { r.base = r.head.Clone() }

// discard forgets the answer, as if nothing had been written since keep.
func (r *reply) discard() {
	clear(r.head)
	for k, v := range r.base {
		r.head[k] = v
	}
	r.code = 0
	r.body.Reset()
}

// begin sends the headers, and from then on what is written at once.
func (r *reply) begin() {
	r.WriteHeader(http.StatusOK)
	h := r.out.Header()
	for k, v := range r.head {
		h[k] = v
	}
	h.Set("Cache-Control", "no-store")
	r.out.WriteHeader(r.code)
	r.sent = true
}

// send writes the answer out. A GET whose ETag the caller already has is answered with 304 and no body.
func (r *reply) send(req *http.Request) error {
	if r.sent {
		return nil
	}
	code, body := r.status(), r.body.Bytes()
	if code == http.StatusOK && (req.Method == http.MethodGet || req.Method == http.MethodHead) {
		tag := etag(body)
		r.head.Set("ETag", tag)
		if matches(req.Header.Values("If-None-Match"), tag) {
			code, body = http.StatusNotModified, nil
			r.code = code
			r.head.Del("Content-Type")
			r.body.Reset()
		}
	}
	h := r.out.Header()
	for k, v := range r.head {
		h[k] = v
	}
	if code != http.StatusNotModified && code != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	r.out.WriteHeader(code)
	if len(body) == 0 || req.Method == http.MethodHead {
		return nil
	}
	_, err := r.out.Write(body)
	return err
}

// setCaching says who may keep the answer. What is for one caller may be kept by that caller's browser only and must be
// asked for again each time, which the ETag makes cheap. An operation may set a Cache-Control of its own.
func setCaching(r *reply, req *http.Request, n *notes) {
	h := r.head
	readable := r.status() == http.StatusOK && (req.Method == http.MethodGet || req.Method == http.MethodHead)
	switch {
	case !readable:
		h.Set("Cache-Control", "no-store")
	case n.private:
		h.Add("Vary", "Authorization")
		h.Set("Cache-Control", "private, no-cache")
	case h.Get("Cache-Control") == "":
		h.Set("Cache-Control", "no-cache")
	}
}

// etag returns a strong entity tag of a body (RFC 9110, part 8.8.3).
func etag(body []byte) string {
	sum := sha256.Sum256(body)
	return `"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`
}

// matches compares by RFC 9110, part 13.1.2: a list of tags, weak ones too, or a star.
func matches(ifNoneMatch []string, tag string) bool {
	for _, value := range ifNoneMatch {
		for _, one := range strings.Split(value, ",") {
			one = strings.TrimSpace(one)
			if one == "*" || strings.TrimPrefix(one, "W/") == tag {
				return true
			}
		}
	}
	return false
}

func randomID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}
