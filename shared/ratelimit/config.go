package ratelimit

import (
	"errors"
	"math"
	"time"
)

// Config is what may differ between deployments of the same policies.
type Config struct {
	// Factor multiplies every quota: more of them in an incident's aftermath or a load test, fewer while something is attacked.
	Factor float64 `env:"RATE_LIMIT_FACTOR, default=1"`

	// Instances is how many instances share a caller's quotas while Redis is away, all functions together; each then gives out
	// its part. An instance cannot know how many there are. Ten is what a function at its usual load is run in: with fewer the
	// limits are stricter than written, with more they are looser by as much.
	Instances int `env:"RATE_LIMIT_INSTANCES, default=10"`

	// Timeout is how long a request waits for Redis before it is judged without it.
	Timeout time.Duration `env:"RATE_LIMIT_TIMEOUT, default=75ms"`
}

// Validate tells what is wrong with the settings.
func (c *Config) Validate() error {
	var found []error
	if !(c.Factor > 0) || math.IsInf(c.Factor, 0) {
		found = append(found, errors.New("RATE_LIMIT_FACTOR: must be a number above 0"))
	}
	if c.Instances < 1 {
		found = append(found, errors.New("RATE_LIMIT_INSTANCES: must be 1 or more"))
	}
	if c.Timeout <= 0 {
		found = append(found, errors.New("RATE_LIMIT_TIMEOUT: must be above 0"))
	}
	return errors.Join(found...)
}
