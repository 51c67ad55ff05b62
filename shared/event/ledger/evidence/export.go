package evidence

import (
	"encoding/json"
	"io"
)

// Format is the name of the export's format, in its first line. A line that means something else gets another name.
const Format = "fieldboard-events-1"

// Header is the export's first line.
type Header struct {
	Format     string `json:"format"`
	Account    string `json:"account"`
	Checkpoint string `json:"checkpoint"` // of exactly the events that follow
	// Expired is how many events, the first ones, were removed when the time for which the account keeps them was over. Of
	// these there may be the hash alone. How long that is, and each removal, is told by events of the account.
	Expired int64 `json:"expired,omitempty"`
}

// Line is one event, in the tree's order. Hash is the leaf's as the tree has it, so that a changed event is told from a
// changed tree. Without a leaf the event itself is gone.
type Line struct {
	Index     int64                 `json:"index"`
	Hash      []byte                `json:"hash"`
	Leaf      json.RawMessage       `json:"leaf,omitempty"`
	Disclosed map[string]Disclosure `json:"disclosed,omitempty"`
}

// Write writes one line of an export: a Header or a Line.
func Write(w io.Writer, line any) error {
	text, err := encode(line)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
