package event

// AboutAccess is what the data of an event about who may come in and what they may do has.
type AboutAccess struct {
	Account  string   `json:"account"`
	Audience Audience `json:"audience" enum:"security,personal"`
	ID       string   `json:"id,omitempty" doc:"Of the API key"`
	Title    string   `json:"title,omitempty" doc:"The name of the member, the key or the account"`
	Detail   string   `json:"detail,omitempty"`
	Member   string   `json:"member,omitempty" doc:"The id of the member whom it is about"`
	Actor    string   `json:"actor,omitempty" doc:"The id of the member who did it"`
}

// The data of each type.
type (
	memberInvitedData           AboutAccess
	memberUninvitedData         AboutAccess
	memberJoinedData            AboutAccess
	memberUpdatedData           AboutAccess
	memberRoleChangedData       AboutAccess
	memberDisabledData          AboutAccess
	memberEnabledData           AboutAccess
	memberRemovedData           AboutAccess
	memberOwnerTransferredData  AboutAccess
	securitySignedInData        AboutAccess
	securitySignInFailedData    AboutAccess
	securitySessionEndedData    AboutAccess
	securityConnectionEndedData AboutAccess
	securityRefreshReusedData   AboutAccess
	securitySettingsChangedData AboutAccess
	securityKeyCreatedData      AboutAccess
	securityKeyRotatedData      AboutAccess
	securityKeyRevokedData      AboutAccess
	securityAuditReadData       AboutAccess
	securityLimitTightenedData  AboutAccess
	securityExportMadeData      AboutAccess
	securityReportMadeData      AboutAccess
	securityEventsReplayedData  AboutAccess
	securityPersonErasedData    struct {
		AboutAccess
		Collection string `json:"collection,omitempty" doc:"Of the record that is the person; members for a member"`
	}
	securityEventsExpiredData AboutAccess
)

var accessTypes = []Type{
	of[memberInvitedData]("member.invited", "Somebody was invited, or invited again", Security),
	of[memberUninvitedData]("member.uninvited", "An invitation was withdrawn", Security),
	of[memberJoinedData]("member.joined", "Somebody accepted an invitation", Security),
	of[memberUpdatedData]("member.updated", "A member's name or person in Jobber was changed", Security),
	of[memberRoleChangedData]("member.role_changed", "A member has another role", Security),
	of[memberDisabledData]("member.disabled", "A member may no longer come in", Security),
	of[memberEnabledData]("member.enabled", "A member may come in again", Security),
	of[memberRemovedData]("member.removed", "A member is no longer in the account", Security),
	of[memberOwnerTransferredData]("member.owner_transferred", "The account has another owner", Security),
	of[securitySignedInData]("security.signed_in", "Somebody signed in", Security, Personal),
	of[securitySignInFailedData]("security.sign_in_failed", "A member was not let in", Security),
	of[securitySessionEndedData]("security.session_ended", "A session was ended by somebody", Security, Personal),
	of[securityConnectionEndedData]("security.connection_ended", "Live connections of a member were ended by somebody; their sessions go on", Security, Personal),
	of[securityRefreshReusedData]("security.refresh_reused", "A refresh token was used twice, so its session was ended", Security, Personal),
	of[securitySettingsChangedData]("security.settings_changed", "The account's settings were changed", Security),
	of[securityKeyCreatedData]("security.key_created", "An API key was made", Security),
	of[securityKeyRotatedData]("security.key_rotated", "An API key has another secret", Security),
	of[securityKeyRevokedData]("security.key_revoked", "An API key was ended", Security),
	of[securityAuditReadData]("security.audit_read", "Somebody looked into the audit log", Security),
	of[securityLimitTightenedData]("security.limit_tightened", "Requests went on after they were refused, so fewer are taken for a while", Security),
	of[securityExportMadeData]("security.export_made", "An export of the audit log was asked for", Security),
	of[securityReportMadeData]("security.report_made", "A report of figures or records was asked for", Security),
	of[securityEventsReplayedData]("security.events_replayed", "Stored events are sent to a consumer again", Security),
	of[securityPersonErasedData]("security.person_erased", "What events tell of a person is being erased", Security),
	of[securityEventsExpiredData]("security.events_expired", "Events that were past their retention were removed", Security),
}
