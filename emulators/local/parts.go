package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"fieldboard.dev/fieldboard/emulators/demo"
	"fieldboard.dev/fieldboard/emulators/provision"
	"fieldboard.dev/fieldboard/emulators/settings"
	"fieldboard.dev/fieldboard/emulators/signin"
	"fieldboard.dev/fieldboard/shared/clock"
)

// startParts starts the emulators that do not run yet. Each that is not installed is named, all at once.
func (s *stack) startParts(ctx context.Context, running *errgroup.Group) error {
	commands := map[*part]*exec.Cmd{}
	var missing error
	for _, p := range s.parts {
		if p.given {
			continue
		}
		cmd, err := p.Command(context.WithoutCancel(ctx), p.addr)
		missing = errors.Join(missing, err)
		commands[p] = cmd
	}
	if missing != nil {
		return missing
	}
	for p, cmd := range commands {
		process, err := s.processes.start(p.Name, cmd)
		if err != nil {
			return err
		}
		running.Go(func() error { return s.processes.watch(ctx, p.Name, process) })
	}
	return nil
}

// await returns when the parts of these variables answer.
func (s *stack) await(ctx context.Context, variables ...string) error {
	for _, v := range variables {
		p := s.parts[v]
		if p.given {
			continue
		}
		if err := p.Await(ctx, p.addr); err != nil {
			return fmt.Errorf("%w; its log is %s", err, s.processes.log(p.Name))
		}
	}
	return nil
}

// prepareCloud makes what Terraform makes in the cloud, and the two businesses.
func (s *stack) prepareCloud(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		if err := s.await(ctx, "PUBSUB_EMULATOR_HOST", "CLOUD_TASKS_EMULATOR_HOST", "STORAGE_EMULATOR_HOST"); err != nil {
			return err
		}
		return provision.All(ctx, s.clients, s.manifest, s.env.Functions, settings.Invoker)
	})
	group.Go(func() error { return s.await(ctx, "REDIS_URL", "MAIL_EMULATOR_HOST") })
	group.Go(func() error {
		if err := s.await(ctx, "FIRESTORE_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"); err != nil {
			return err
		}
		s.screen.say("The emulators answer.")
		return demo.Seed(ctx, s.clients, s.auth(), clock.System)
	})
	return group.Wait()
}

func (s *stack) auth() signin.Auth { return signin.Auth{Host: s.env.AuthHost, Project: project} }

// startFunctions starts a process for every function, and the realtime service.
func (s *stack) startFunctions(ctx context.Context, running *errgroup.Group) error {
	for _, f := range s.manifest.Functions {
		env, err := s.env.Function(f)
		if err != nil {
			return err
		}
		env["FUNCTION_TARGET"] = f.EntryPoint
		s.keepProgram(ctx, running, f.Name, "functionhost", env)
	}
	for _, service := range s.manifest.Services {
		env, err := s.env.Service(service)
		if err != nil {
			return err
		}
		s.addresses[service.Name] = s.addresses["realtime"]
		s.keepProgram(ctx, running, service.Name, service.Name, env)
	}
	return nil
}

// keepProgram runs one of the repository's programs, built by make, on the address of name.
func (s *stack) keepProgram(ctx context.Context, running *errgroup.Group, name, program string, env map[string]string) {
	env["PORT"] = portOf(s.addresses[name])
	running.Go(func() error {
		return s.processes.keep(ctx, name, func() *exec.Cmd {
			cmd := exec.CommandContext(context.WithoutCancel(ctx), filepath.Join(s.programs, program))
			cmd.Env = asList(env)
			return cmd
		})
	})
}
