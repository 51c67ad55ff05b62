package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/shared/account"
)

// awaitFunctions returns when every function and the realtime service answer.
func (s *stack) awaitFunctions(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, f := range s.manifest.Functions {
		group.Go(func() error { return awaitHTTP(ctx, f.Name, "http://"+s.addresses[f.Name]+"/") })
	}
	group.Go(func() error { return awaitHTTP(ctx, "realtime-run", "http://"+s.addresses["realtime"]+"/readyz") })
	if err := group.Wait(); err != nil {
		return fmt.Errorf("%w; the logs are in %s", err, s.processes.logs)
	}
	s.screen.say("The functions answer.")
	return nil
}

// awaitHTTP returns when url answers with anything but a failure of its own.
func awaitHTTP(ctx context.Context, name, url string) error {
	last := fmt.Errorf("nothing listens on %s", url)
	for {
		if status, err := get(ctx, url); err == nil {
			if status < http.StatusInternalServerError {
				return nil
			}
			last = fmt.Errorf("%s answers %d", url, status)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", name, last)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, url string) (status int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return res.StatusCode, res.Body.Close()
}

// connect connects both businesses to their accounts in the Jobber emulator, as their owners do in a browser. The copies go on
// after that.
func (s *stack) connect(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, b := range demo.Businesses() {
		group.Go(func() error {
			owner, err := demo.SignIn(ctx, s.env.PublicURL, s.auth(), b.People[0].Email)
			if err != nil {
				return err
			}
			if err := owner.Connect(ctx, b.Jobber); err != nil {
				return fmt.Errorf("connecting %s to Jobber: %w", b.Account.Name, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// linkTechnicians links every technician to a person in Jobber, as an owner does at /settings/members, once the people are
// copied. Without that a technician sees no visits.
func (s *stack) linkTechnicians(ctx context.Context) error {
	const pause = time.Second
	for _, b := range demo.Businesses() {
		owner, err := demo.SignIn(ctx, s.env.PublicURL, s.auth(), b.People[0].Email)
		if err != nil {
			return err
		}
		for _, p := range b.People {
			if p.Role != account.Technician {
				continue
			}
			_, err := owner.LinkTechnician(ctx, p.UserID)
			for errors.Is(err, demo.ErrNoTeam) {
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(pause):
				}
				_, err = owner.LinkTechnician(ctx, p.UserID)
			}
			if err != nil {
				return fmt.Errorf("linking %s to a person in Jobber: %w", p.Name, err)
			}
		}
	}
	return nil
}

// announce tells where everything is and how to sign in.
func (s *stack) announce() {
	say := s.screen.say
	say("")
	say("Fieldboard is ready: %s", s.env.PublicURL)
	say("It took %.0f s. The figures fill in while both businesses are copied.", time.Since(s.started).Seconds())
	say("")
	say("Addresses")
	say("  %-22s %s", "Jobber emulator", s.env.Jobber.URL)
	say("  %-22s %s", "Google's stand-in", "http://"+s.addresses["openid"])
	say("  %-22s %s", "Realtime", s.env.RealtimeURL)
	say("  %-22s %s", "Mailbox", "http://"+s.addresses["mailbox"])
	for _, variable := range slices.Sorted(maps.Keys(s.parts)) {
		say("  %-22s %s", s.parts[variable].Name, s.parts[variable].addr)
	}
	for _, f := range s.manifest.Functions {
		say("  %-22s %s", f.Name, s.env.Functions[f.Name])
	}
	say("")
	say("Sign in with the password %s, or with Google", demo.Password)
	for _, b := range demo.Businesses() {
		for _, p := range b.People {
			say("  %-32s %s of %s", p.Email, p.Role, b.Account.Name)
		}
	}
	say("")
	say("Ctrl-C stops everything.")
}

// asList turns an environment into what exec.Cmd takes.
func asList(env map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name])
	}
	return list
}

func portOf(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return addr // the program that gets it will refuse it and say so
	}
	return port
}
