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

// changes carries that something changed, and not what: enough for who may see the figures only.
const changes = "changes"

func changesChannel(accountID string) string { return "account:" + accountID + ":" + changes }

func userChannel(accountID, userID string) string { return "user:" + accountID + ":" + userID }

// channelsOf returns the channels that a person listens to. The server subscribes; a client cannot ask for a channel.
func channelsOf(p httpapi.Principal) []string {
	channels := []string{userChannel(p.AccountID, p.UserID)}
	switch {
	case p.Can(account.RecordRead):
		channels = append(channels, accountChannel(p.AccountID, event.Operations))
	case p.Can(account.SummaryRead):
		channels = append(channels, changesChannel(p.AccountID))
	}
	if p.Can(account.FinanceRead) {
		channels = append(channels, accountChannel(p.AccountID, event.Finance))
	}
	if p.Can(account.SecurityRead) {
		channels = append(channels, accountChannel(p.AccountID, event.Security))
	}
	return channels
}
