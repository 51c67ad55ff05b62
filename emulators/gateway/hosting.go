package gateway

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// Hosting is the part of firebase.json that tells Firebase Hosting what to serve.
type Hosting struct {
	Rewrites []Rewrite     `json:"rewrites"`
	Headers  []HeaderBlock `json:"headers"`
}

// Rewrite sends the addresses that match Source to a function, or answers them with the file Destination.
type Rewrite struct {
	Source      string       `json:"source"`
	Function    *FunctionRef `json:"function"`
	Destination string       `json:"destination"`
}

// FunctionRef names a deployed function.
type FunctionRef struct {
	ID     string `json:"functionId"`
	Region string `json:"region"`
}

// HeaderBlock sets headers on the files that match Source. A later block wins over an earlier one.
type HeaderBlock struct {
	Source  string   `json:"source"`
	Headers []Header `json:"headers"`
}

// Header is one header line.
type Header struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// ReadHosting reads the hosting part of a firebase.json.
func ReadHosting(path string) (Hosting, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Hosting{}, err
	}
	var file struct {
		Hosting Hosting `json:"hosting"`
	}
	if err := json.Unmarshal(content, &file); err != nil {
		return Hosting{}, fmt.Errorf("%s: %w", path, err)
	}
	return file.Hosting, nil
}

// compileGlob turns a glob of firebase.json into a regular expression that matches whole paths. It knows what the
// project's file uses: **, *, @(a|b) and a leading ! (https://firebase.google.com/docs/hosting/full-config#glob_pattern_matching).
func compileGlob(glob string) (func(path string) bool, error) {
	pattern, negated := strings.CutPrefix(glob, "!")
	var re strings.Builder
	re.WriteString("^")
	for rest := pattern; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "**"):
			re.WriteString(".*")
			rest = rest[2:]
		case rest[0] == '*':
			re.WriteString("[^/]*")
			rest = rest[1:]
		case strings.HasPrefix(rest, "@("):
			choices, after, ok := strings.Cut(rest[2:], ")")
			if !ok {
				return nil, fmt.Errorf("glob %q: no closing parenthesis", glob)
			}
			quoted := strings.Split(choices, "|")
			for i, c := range quoted {
				quoted[i] = regexp.QuoteMeta(c)
			}
			re.WriteString("(?:" + strings.Join(quoted, "|") + ")")
			rest = after
		default:
			re.WriteString(regexp.QuoteMeta(rest[:1]))
			rest = rest[1:]
		}
	}
	re.WriteString("$")
	compiled, err := regexp.Compile(re.String())
	if err != nil {
		return nil, fmt.Errorf("glob %q: %w", glob, err)
	}
	return func(path string) bool { return compiled.MatchString(path) != negated }, nil
}
