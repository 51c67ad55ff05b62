package main

import (
	"net"
	"strconv"
	"strings"
	"testing"
)

func TestTakenPortMoves(t *testing.T) {
	t.Parallel()
	var config net.ListenConfig
	taken, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, number, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}

	free := &ports{given: map[string]bool{}}
	first, err := free.at(t.Context(), port)
	if err != nil || first == taken.Addr().String() {
		t.Errorf("address %s, %v for a program; want another port than the taken %d", first, err, port)
	}
	own, err := free.listen(t.Context(), port)
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	if own.Addr().String() == taken.Addr().String() {
		t.Errorf("it listens on the taken port %d", port)
	}
}

func TestLockIsHeldOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	unlock, err := lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(dir); err == nil || !strings.Contains(err.Error(), "already runs here") {
		t.Errorf("the second lock: %v, want one that says who runs", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := lock(dir)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	if err := again(); err != nil {
		t.Error(err)
	}
}
