package server

import (
	"fieldboard.dev/fieldboard/shared/account"
	"fieldboard.dev/fieldboard/shared/event"
	"fieldboard.dev/fieldboard/shared/httpapi"
)

// Each audience of an account's events has a channel of its own, so that what a role may not see is never sent to it.
func accountChannel(accountID string, audience event.Audience) string {
	return "account:" + accountID + ":" + string(audience)
}

func userChannel(userID string) string { return "user:" + userID }

// channelsOf returns the channels that a person listens to. The server subscribes; a client cannot ask for a channel.
func channelsOf(p httpapi.Principal) []string {
	channels := []string{userChannel(p.UserID)}
	if p.Can(account.RecordRead) {
		channels = append(channels, accountChannel(p.AccountID, event.Operations))
	}
	if p.Can(account.FinanceRead) {
		channels = append(channels, accountChannel(p.AccountID, event.Finance))
	}
	return channels
}
