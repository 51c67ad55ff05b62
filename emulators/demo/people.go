// Package demo is the two businesses of the local stack and of the tests, their people, and what a person does in a browser:
// sign in, and connect the business to Jobber.
package demo

import (
	"context"
	"fmt"

	"fieldboard.dev/fieldboard/emulators/signin"
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/clock"
	"fieldboard.dev/fieldboard/shared/cloud"
	"fieldboard.dev/fieldboard/shared/problem"
	"fieldboard.dev/fieldboard/shared/telemetry"
)

// Password is that of everyone here. They exist in emulators alone.
const Password = "fieldboard-demo"

// Business is one of the two. Jobber is the number of its account in the Jobber emulator.
type Business struct {
	Account account.Account
	Jobber  int
	People  []Person // the owner first
}

// Person is someone who signs in.
type Person struct {
	UserID string
	Email  string
	Name   string
	Role   account.Role
}

// Businesses returns both, the large one first.
func Businesses() []Business {
	return []Business{
		{
			Account: account.Account{ID: "acc_demo", Name: "Sample Valley Grounds", Currency: "USD", TimeZone: "America/Denver"},
			Jobber:  1,
			People: []Person{
				{"demo-owner", "owner@demo.fieldboard.test", "Robin Hale", account.Owner},
				{"demo-admin", "admin@demo.fieldboard.test", "Ada Brook", account.Admin},
				{"demo-dispatcher", "dispatcher@demo.fieldboard.test", "Dana Reyes", account.Dispatcher},
				{"demo-technician", "technician@demo.fieldboard.test", "Theo Lund", account.Technician},
				{"demo-viewer", "viewer@demo.fieldboard.test", "Vera Moss", account.Viewer},
			},
		},
		{
			Account: account.Account{ID: "acc_other", Name: "Sample Harbour Plumbing & Heating", Currency: "CAD", TimeZone: "America/St_Johns"},
			Jobber:  2,
			People: []Person{
				{"other-owner", "owner@other.fieldboard.test", "Olive Quay", account.Owner},
			},
		},
	}
}

// Seed makes both businesses and their people, in Firestore and in Firebase Auth. What is there already is left as it is.
func Seed(ctx context.Context, clients *cloud.Clients, auth signin.Auth, clk clock.Clock) error {
	store := account.NewStore(clients, clk)
	for _, b := range Businesses() {
		for i, p := range b.People {
			if err := auth.CreateUser(ctx, p.UserID, p.Email, Password); err != nil {
				return fmt.Errorf("sign-in of %s: %w", p.Email, err)
			}
			member := account.Member{
				UserID: p.UserID, Email: telemetry.Personal(p.Email), Name: telemetry.Personal(p.Name),
				Role: p.Role, Status: account.Active,
			}
			if err := unlessThere(seat(ctx, store, b, i, member)); err != nil {
				return fmt.Errorf("%s: %w", p.Email, err)
			}
		}
	}
	return nil
}

func seat(ctx context.Context, store *account.Store, b Business, i int, member account.Member) error {
	if i == 0 {
		_, err := store.Create(ctx, b.Account, member)
		return err
	}
	return store.AddMember(ctx, b.Account.ID, member)
}

func unlessThere(err error) error {
	if err != nil && problem.CodeOf(err) == problem.Conflict {
		return nil
	}
	return err
}
