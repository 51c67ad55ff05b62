package gateway

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"net/http"
	"time"
)

func isFile(files fs.FS, name string) bool {
	if !fs.ValidPath(name) {
		return false
	}
	info, err := fs.Stat(files, name)
	return err == nil && info.Mode().IsRegular()
}

// serveFile answers with a file of the dashboard and the headers that firebase.json gives to its address.
func (g *gateway) serveFile(w http.ResponseWriter, r *http.Request, address, name string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Method not allowed", http.StatusMethodNotAllowed)
		return
	}
	content, err := fs.ReadFile(g.files, name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	for _, block := range g.headers {
		if !block.matches(address) {
			continue
		}
		for _, line := range block.lines {
			w.Header().Set(line.Key, line.Value)
		}
	}
	sum := sha256.Sum256(content)
	w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(content))
}
