import { Button, Textarea } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { sentenceOf } from '../../../api/problem'
import { keys, membersQuery } from '../../../api/queries'
import type { AccountDetails, LegalHold } from '../../../api/types'
import { useFormat } from '../../../format/use-format'
import { useCan, useIdentity, useSession } from '../../../session/context'
import { Confirm, Dialog, DialogFoot } from '../../../ui/dialog'
import { Form, problemOfForm } from '../../../ui/form'
import { tellDone } from '../../../ui/toast'
import classes from './account.module.css'

/** Whether all events are kept whatever their age, as a court or an authority may demand. */
export function LegalHoldSetting({ hold }: { hold: LegalHold }) {
  const format = useFormat()
  const by = useMemberName(hold.by)
  const [asking, setAsking] = useState(false)
  const change = useChange(() => setAsking(false))
  const close = () => {
    setAsking(false)
    change.reset()
  }
  return (
    <section className={classes.group} aria-labelledby="legal-hold">
      <div>
        <h3 id="legal-hold">Legal hold</h3>
        <p>Keeps everything while a court or an authority may ask for it.</p>
      </div>
      <div className={classes.fields}>
        {hold.on ? (
          <div className={classes.hold} data-testid="legal-hold">
            <p>
              <strong>On</strong>
              {hold.since && ` since ${format.dateTime(hold.since)}`}
              {by && `, begun by ${by}`}
            </p>
            <p>{hold.reason}</p>
            <p className={classes.note}>No event is removed or erased while it is on.</p>
          </div>
        ) : (
          <p className={classes.note}>
            Off. Events are removed when they are old enough, and people can be erased from the log.
          </p>
        )}
        <div>
          <Button id="change-hold" variant="default" onClick={() => setAsking(true)}>
            {hold.on ? 'End the legal hold' : 'Begin a legal hold'}
          </Button>
        </div>
      </div>
      {hold.on ? (
        <Confirm
          opened={asking}
          onClose={close}
          returnTo={['change-hold']}
          title="End the legal hold?"
          confirm="End the hold"
          busy={change.isPending}
          failure={change.isError ? sentenceOf(change.error) : undefined}
          onConfirm={() => change.mutate({ on: false })}
        >
          <p>
            Events that are past their time are then removed for good, and people can be erased from the log
            again.
          </p>
        </Confirm>
      ) : (
        <Dialog opened={asking} onClose={close} title="Begin a legal hold" returnTo={['change-hold']}>
          <Begin change={change} onCancel={close} />
        </Dialog>
      )}
    </section>
  )
}

/** The server's bound. It counts bytes, so a text of other letters may be refused a little earlier. */
const longestReason = 500

function Begin({ change, onCancel }: { change: Change; onCancel: () => void }) {
  const [reason, setReason] = useState('')
  const [missing, setMissing] = useState(false)
  const problem = problemOfForm(change.error, ['settings.legalHold.reason'])
  const submit = () => {
    setMissing(!reason.trim())
    if (reason.trim()) change.mutate({ on: true, reason: reason.trim() })
  }
  return (
    <Form onSubmit={submit} error={missing || change.error} general={problem.general} busy={change.isPending}>
      <p>Until you end it, no event is removed, however old it is, and nobody can be erased from the log.</p>
      <Textarea
        label="Reason"
        description="Such as the name of a case. It is written into the audit log."
        rows={3}
        maxLength={longestReason}
        value={reason}
        onChange={event => {
          setMissing(false)
          setReason(event.currentTarget.value)
        }}
        error={missing ? 'Say why.' : problem.of['settings.legalHold.reason']}
        data-autofocus
      />
      <DialogFoot>
        <Button variant="default" onClick={onCancel}>
          Cancel
        </Button>
        <Button type="submit" loading={change.isPending}>
          Begin
        </Button>
      </DialogFoot>
    </Form>
  )
}

type Change = ReturnType<typeof useChange>

function useChange(onDone: () => void) {
  const session = useSession()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: (legalHold: { on: boolean; reason?: string }) =>
      session.fetch<AccountDetails>('/api/v1/account', {
        method: 'PATCH',
        body: { settings: { legalHold } },
      }),
    onSuccess: changed => {
      queries.setQueryData(keys.account, changed)
      onDone()
      tellDone(changed.legalHold.on ? 'The legal hold is on.' : 'The legal hold has ended.')
    },
  })
}

/** Empty until it is known, and for those who may not see the members. */
function useMemberName(id: string | undefined): string {
  const { member } = useIdentity()
  const can = useCan()
  const self = id === member.id
  const members = useQuery({
    ...membersQuery(useSession()),
    enabled: Boolean(id) && !self && can('member:read'),
  })
  if (!id) return ''
  if (self) return 'you'
  if (!members.data) return ''
  return members.data.find(one => one.id === id)?.name || 'a former member'
}
