package outbound_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"code.dny.dev/ssrf"

	"fieldboard.dev/fieldboard/shared/outbound"
	"fieldboard.dev/fieldboard/shared/problem"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for _, good := range []string{
		"https://hooks.example.com/jobs?x=1", "https://fcm.googleapis.com/fcm/send/abc", "https://updates.push.services.mozilla.com:443/x",
		"https://8.8.8.8/", "https://[2606:4700:4700::1111]/", "https://xn--bcher-kva.com/",
	} {
		if err := outbound.CheckURL(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{
		"", "x", "http://hooks.example.com/", "ftp://hooks.example.com/", "file:///etc/passwd", "gopher://x.com/", "//hooks.example.com/", "https:hooks.example.com",
		"https://", "https:///x", "https://user:pass@hooks.example.com/", "https://hooks.example.com@127.0.0.1/", "https://hooks.example.com/#x",
		"https://hooks.example.com:8443/", "https://hooks.example.com:22/", "https://localhost/", "https://LOCALHOST./", "https://x.localhost/", "https://redis/",
		"https://metadata.google.internal/computeMetadata/v1/", "https://169.254.169.254/", "https://127.0.0.1/", "https://127.1/", "https://0/", "https://0x7f000001/",
		"https://2130706433/", "https://0177.0.0.1/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/", "https://100.64.0.1/", "https://192.0.2.1/",
		"https://224.0.0.1/", "https://255.255.255.255/", "https://[::1]/", "https://[::]/", "https://[::ffff:127.0.0.1]/", "https://[::ffff:10.0.0.1]/", "https://[fe80::1]/",
		"https://[fe80::1%25eth0]/", "https://[fc00::1]/", "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://printer.local/", "https://nas.lan/", "https://app.test/",
		"https://hooks.example.com/" + strings.Repeat("x", 2048), "https://exa mple.com/", "https://example.com\r\nHost: x/",
	} {
		if err := outbound.CheckURL(bad); problem.CodeOf(err) != problem.Invalid {
			t.Errorf("%s: got %v, want a problem Invalid", bad, err)
		}
	}
}

// A name may lead inside when it is dialled, whatever it did when it was given: nothing is sent there.
func TestNothingInsideIsDialled(t *testing.T) {
	t.Parallel()
	reached := false
	inside := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	t.Cleanup(inside.Close)
	port := inside.URL[strings.LastIndex(inside.URL, ":"):]
	client := outbound.NewClient(5 * time.Second)
	for _, address := range []string{inside.URL, "https://localhost" + port, "https://[::ffff:127.0.0.1]" + port, "https://127.0.0.1:443/", "http://127.0.0.1" + port} {
		res, err := client.Get(address)
		if err == nil {
			_ = res.Body.Close()
		}
		if !errors.Is(err, ssrf.ErrProhibitedIP) && !errors.Is(err, ssrf.ErrProhibitedPort) {
			t.Errorf("%s: got %v, want it refused before it is dialled", address, err)
		}
	}
	if reached {
		t.Error("a machine inside was reached")
	}
}
