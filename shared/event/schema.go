package event

import (
	"encoding/json"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

//go:generate go run ./release

// Schemas returns the JSON Schema of every type's data, and of the envelope around it: one document, JSON Schema 2020-12,
// whose $defs are by the names that envelopes give in dataschema.
func Schemas() ([]byte, error) {
	definitions := map[string]any{}
	for _, t := range types {
		schema, err := schemaOf(t.data)
		if err != nil {
			return nil, err
		}
		schema["$id"], schema["title"], schema["description"] = t.Schema(), t.Name, t.Doc
		definitions[t.Name] = schema
	}
	envelope, err := schemaOf(reflect.TypeOf(Envelope{}))
	if err != nil {
		return nil, err
	}
	properties, _ := envelope["properties"].(map[string]any)
	properties["data"] = map[string]any{"description": "What dataschema says"}
	envelope["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	envelope["title"], envelope["description"] = "Fieldboard's events", "CloudEvents 1.0 in structured JSON. The data of each type is in $defs."
	envelope["$defs"] = definitions
	return json.MarshalIndent(envelope, "", "  ")
}

// schemaOf returns the schema of one flat struct.
func schemaOf(t reflect.Type) (map[string]any, error) {
	registry := huma.NewMapRegistry("#/$defs/", huma.DefaultSchemaNamer)
	schema := huma.SchemaFromType(registry, t)
	schema.AdditionalProperties = true // a later version may tell more
	text, err := json.Marshal(schema)
	if err != nil {
		return nil, err
	}
	var plain map[string]any
	return plain, json.Unmarshal(text, &plain)
}
