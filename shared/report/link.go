package report

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/shared/problem"
)

// LinkLife is how long a signed link works, if the report is there as long.
const LinkLife = 7 * 24 * time.Hour

// claims are what a link leads to, and until when. Whoever has the link has the file: it is for mails to those who may see the
// report.
type claims struct {
	Account string `json:"a"`
	Report  string `json:"r"`
	Until   int64  `json:"u"` // seconds since 1970
}

// sign returns the token of a link: the claims and their HMAC-SHA256 (RFC 2104), each in base64url, with a dot between them.
func sign(key []byte, c claims) (string, error) {
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(text) + "." + base64.RawURLEncoding.EncodeToString(seal(key, text)), nil
}

func seal(key, text []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("report-link\n"))
	mac.Write(text)
	return mac.Sum(nil)
}

// verify returns the claims of a token. Of one that is not ours, or whose time is over, it tells no more than that: a problem
// NotFound.
func verify(key []byte, token string, now time.Time) (claims, error) {
	bad := problem.New(problem.NotFound, "This link leads to no report, or its time is over.")
	payload, mac, found := strings.Cut(token, ".")
	if !found {
		return claims{}, bad
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(payload)
	if err != nil {
		return claims{}, bad
	}
	given, err := base64.RawURLEncoding.Strict().DecodeString(mac)
	if err != nil || !hmac.Equal(given, seal(key, text)) {
		return claims{}, bad
	}
	var c claims
	if err := json.Unmarshal(text, &c); err != nil || now.Unix() >= c.Until {
		return claims{}, bad
	}
	return c, nil
}
