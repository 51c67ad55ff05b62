package business

import "errors"

var (
	// ErrNotFound says that there is no such record, or none at all that the action could be about.
	ErrNotFound = errors.New("not found")
	// ErrNotPossible says that the record's state does not allow the action.
	ErrNotPossible = errors.New("not possible")
	// ErrUnknown says that there is no such collection, period or action.
	ErrUnknown = errors.New("unknown")
)
