package jobber_test

import (
	"net/url"
	"testing"

	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/jobber"
	"fieldboard.dev/fieldboard/shared/problem"
)

// A notice is refused as such, or all of it can be stored.
func FuzzParseWebhook(f *testing.F) {
	const longest = 256
	inner := `{"webHookEvent":{"topic":"CLIENT_UPDATE","appId":"a","accountId":"MQ==","itemId":"MQ==","occurredAt":"2026-01-01T00:00:00-07:00"}}`
	f.Add([]byte(`{"data":` + inner + `}`))
	f.Add([]byte("data=" + url.QueryEscape(inner)))
	f.Add([]byte(`{"data":{"webHookEvent":{"topic":"APP_CONNECT","accountId":"1","occuredAt":"0000-01-01T00:00:00Z"}}}`))
	f.Add([]byte(`data={}},"data":{"webHookEvent":{"topic":"X"}`))
	f.Add([]byte("data=%zz"))
	f.Add([]byte(`[`))
	f.Fuzz(func(t *testing.T, body []byte) {
		w, err := jobber.ParseWebhook(body)
		if err != nil {
			if problem.CodeOf(err) != problem.Invalid {
				t.Fatalf("got %v, want a problem Invalid", err)
			}
			return
		}
		if w.Topic == "" || w.AccountID == "" || !cloud.AreIDs(w.ID()) || !cloud.IsTime(w.OccurredAt) {
			t.Errorf("got %+v", w)
		}
		for _, text := range []string{w.Topic, w.AppID, w.AccountID, w.ItemID} {
			if len(text) > longest {
				t.Errorf("got a text of %d bytes", len(text))
			}
		}
	})
}
