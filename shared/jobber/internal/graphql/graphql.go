// Package graphql holds the operations that are sent to Jobber and the code that is generated from them.
package graphql

//go:generate go run github.com/Khan/genqlient genqlient.yaml

// Filter is a filter argument; keys that are not set are not sent.
type Filter map[string]any

// Input is what a mutation writes; keys that are not set are not sent.
type Input map[string]any

// Sort is a sort argument.
type Sort struct {
	Key       string `json:"key"`
	Direction string `json:"direction"`
}

// Sort directions.
const (
	Ascending  = "ASCENDING"
	Descending = "DESCENDING"
)
