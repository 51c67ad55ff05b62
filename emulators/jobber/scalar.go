package jobber

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"fieldboard.dev/fieldboard/emulators/jobber/business"
)

// encodedID is the scalar EncodedId.
type encodedID string

// ImplementsGraphQLType names the scalar.
func (encodedID) ImplementsGraphQLType(name string) bool { return name == "EncodedId" }

// UnmarshalGraphQL accepts ids in gid form, with or without padding.
func (id *encodedID) UnmarshalGraphQL(input any) error {
	text, ok := input.(string)
	if !ok {
		return fmt.Errorf("%v is not an EncodedId", input)
	}
	if missing := len(text) % 4; missing != 0 && !strings.HasSuffix(text, "=") {
		text += strings.Repeat("=", 4-missing)
	}
	if _, _, err := business.DecodeID(text); err != nil {
		return fmt.Errorf("%q is not a valid EncodedId", input)
	}
	*id = encodedID(text)
	return nil
}

// dateTime is the scalar ISO8601DateTime: whole seconds in UTC when it is told, any offset when it is given.
type dateTime struct{ time.Time }

// ImplementsGraphQLType names the scalar.
func (dateTime) ImplementsGraphQLType(name string) bool { return name == "ISO8601DateTime" }

// UnmarshalGraphQL accepts RFC 3339.
func (t *dateTime) UnmarshalGraphQL(input any) error {
	text, ok := input.(string)
	if !ok {
		return fmt.Errorf("%v is not an ISO8601DateTime", input)
	}
	parsed, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return fmt.Errorf("%q is not a valid ISO8601DateTime", text)
	}
	t.Time = parsed.UTC()
	return nil
}

// MarshalJSON tells the time as Jobber does.
func (t dateTime) MarshalJSON() ([]byte, error) {
	return json.Marshal(t.UTC().Format(time.RFC3339))
}

// timezone is the scalar Timezone.
type timezone struct{ *time.Location }

// ImplementsGraphQLType names the scalar.
func (timezone) ImplementsGraphQLType(name string) bool { return name == "Timezone" }

// UnmarshalGraphQL accepts a name of the tz database.
func (z *timezone) UnmarshalGraphQL(input any) error {
	name, ok := input.(string)
	if !ok {
		return fmt.Errorf("%v is not a Timezone", input)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return fmt.Errorf("%q is not a valid Timezone", name)
	}
	z.Location = zone
	return nil
}

// MarshalJSON tells the zone's name.
func (z timezone) MarshalJSON() ([]byte, error) { return json.Marshal(z.String()) }

// location is the zone of an optional argument; nil when it was not given.
func (z *timezone) location() *time.Location {
	if z == nil {
		return nil
	}
	return z.Location
}

func when(t *time.Time) *dateTime {
	if t == nil {
		return nil
	}
	return &dateTime{*t}
}

// text is a nullable String: "" stands for null.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
