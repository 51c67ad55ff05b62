package httpapi

import (
	"io"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Stream returns an answer that is too long to be held back until it is whole. It is sent as write makes it, with no ETag, and
// is for no cache. What can be refused is refused before: when write fails the connection is broken off, so that nobody takes a
// part for the whole.
func Stream(contentType, fileName string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", contentType)
		hc.SetHeader("Content-Disposition", `attachment; filename="`+fileName+`"`)
		_, w := humago.Unwrap(hc)
		r, ok := w.(*reply)
		if !ok {
			panic("httpapi: an answer that is not ours cannot be streamed")
		}
		r.begin()
		if err := write(r); err != nil {
			note(hc.Context()).err = err
			panic(http.ErrAbortHandler)
		}
	}}
}
