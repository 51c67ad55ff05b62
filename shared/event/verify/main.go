// Command verify checks an export of an account's events, offline: that the checkpoint is signed by a key that one has, that
// each event is as it was sealed, that none is missing, moved or added, and that all go on from an older checkpoint that one
// has kept.
//
//	go run ./shared/event/verify -key key.txt [-older checkpoint.txt] export.jsonl
//
// The key file holds public keys as the product shows them, one a line. It exits with 1 when something is wrong, and with 2
// when it could not check.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"fieldboard.dev/fieldboard/shared/event/ledger/evidence"
)

// shown is how many problems are printed; the rest are counted.
const shown = 50

var errWrong = errors.New("the export is not what was sealed")

func main() {
	err := run(os.Args[1:], os.Stdout)
	switch {
	case errors.Is(err, errWrong):
		os.Exit(1)
	case err != nil:
		fmt.Fprintln(os.Stderr, "verify:", err)
		os.Exit(2)
	}
}

func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("verify", flag.ContinueOnError)
	keyFile := flags.String("key", "", "file of the public keys")
	olderFile := flags.String("older", "", "file of an older checkpoint, to see that the events go on from it")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *keyFile == "" || flags.NArg() != 1 {
		return errors.New("usage: verify -key key.txt [-older checkpoint.txt] export.jsonl")
	}
	keyText, err := os.ReadFile(*keyFile)
	if err != nil {
		return err
	}
	keys, err := evidence.ParseKeys(string(keyText))
	if err != nil {
		return err
	}
	var older []byte
	if *olderFile != "" {
		if older, err = os.ReadFile(*olderFile); err != nil {
			return err
		}
		if len(older) == 0 {
			return fmt.Errorf("%s is empty", *olderFile)
		}
	}
	export, err := os.Open(flags.Arg(0))
	if err != nil {
		return err
	}
	defer export.Close()
	told := 0
	report, err := evidence.Check(export, keys, string(older), func(p evidence.Problem) {
		if told++; told <= shown {
			fmt.Fprintln(out, p)
		}
	})
	if err != nil {
		return err
	}
	if report.Problems > 0 {
		fmt.Fprintf(out, "WRONG: %d problems in %d events of %s\n", report.Problems, report.Events, report.Account)
		return errWrong
	}
	fmt.Fprintf(out, "OK: %d events of %s are as they were sealed; %d values shown, %d not shown or erased\n",
		report.Events, report.Account, report.Disclosed, report.Withheld)
	if report.Expired > 0 {
		fmt.Fprintf(out, "The first %d events were removed when their time was over; only their hashes are there\n", report.Expired)
	}
	return nil
}
