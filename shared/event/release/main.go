// Command release writes the schemas of the events as they are now to shared/event/released.json, by go generate. The test of
// package event holds every later change against them.
package main

import (
	"fmt"
	"os"

	"fieldboard.dev/fieldboard/shared/event"
)

func main() {
	schemas, err := event.Schemas()
	if err == nil {
		err = os.WriteFile("released.json", append(schemas, '\n'), 0o600)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
