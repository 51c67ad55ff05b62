import { Button, Skeleton, Switch } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { accountQuery, keys } from '../../../api/queries'
import type { AccountDetails, AccountSettings, Lifetimes } from '../../../api/types'
import { minutesInWords, zoneName } from '../../../format/time'
import { capital } from '../../../format/words'
import { useSession } from '../../../session/context'
import { Told } from '../../../ui/dialog'
import { Failure } from '../../../ui/failure'
import { Form, problemOfForm } from '../../../ui/form'
import { Panel } from '../../../ui/panel'
import { tellDone } from '../../../ui/toast'
import classes from './account.module.css'
import { DurationInput } from './duration-input'
import { LegalHoldSetting } from './legal-hold'
import { Retention } from './retention'

export function AccountPage() {
  const account = useQuery(accountQuery(useSession()))
  if (account.data) {
    return (
      <>
        <Panel title="Account">
          <Facts account={account.data} />
        </Panel>
        <Panel title="Signing in">
          <SettingsForm settings={account.data.settings} />
        </Panel>
        <Panel title="Audit log">
          <Retention days={account.data.settings.auditRetentionDays} held={account.data.legalHold.on} />
          <LegalHoldSetting hold={account.data.legalHold} />
        </Panel>
      </>
    )
  }
  if (account.isError) return <Failure error={account.error} onRetry={() => void account.refetch()} />
  return (
    <output>
      <span className="sr-only">Loading the settings</span>
      <Skeleton height={104} radius={8} mb={16} />
      <Skeleton height={520} radius={8} />
    </output>
  )
}

function Facts({ account }: { account: AccountDetails }) {
  const facts = [
    ['Business', account.name],
    ['Time zone', zoneName(account.timeZone)],
    ['Currency', account.currency],
    ['Plan', capital(account.plan)],
  ]
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

type Kind = 'privileged' | 'standard'

const day = 24 * 60
const shortestIdle = 5
const shortest = 15

/** What the server allows, so that it can be said in the field's own words. */
const longest: Record<Kind, Lifetimes> = {
  privileged: { idleMinutes: day, absoluteMinutes: 30 * day },
  standard: { idleMinutes: 30 * day, absoluteMinutes: 90 * day },
}

const groups: { kind: Kind; title: string; text: string }[] = [
  {
    kind: 'privileged',
    title: 'Owners and administrators',
    text: 'They decide who gets in and see money, so their sessions are best kept short.',
  },
  {
    kind: 'standard',
    title: 'Everybody else',
    text: 'Dispatchers, technicians and viewers.',
  },
]

const fields = [
  'settings.requireVerifiedEmail',
  'settings.privileged.idleMinutes',
  'settings.privileged.absoluteMinutes',
  'settings.standard.idleMinutes',
  'settings.standard.absoluteMinutes',
] as const

/** What this form is about: the rest is another's to change, and may have changed since it was read. */
function signingIn({ requireVerifiedEmail, privileged, standard }: AccountSettings) {
  return { requireVerifiedEmail, privileged, standard }
}

function SettingsForm({ settings }: { settings: AccountSettings }) {
  const session = useSession()
  const queries = useQueryClient()
  const [draft, setDraft] = useState(settings)
  const [base, setBase] = useState(settings)
  // What was saved meanwhile, here or by somebody else, is what there is to change.
  if (JSON.stringify(base) !== JSON.stringify(settings)) {
    setBase(settings)
    setDraft(settings)
  }
  const [wrong, setWrong] = useState<Record<string, string>>({})

  const save = useMutation({
    mutationFn: () =>
      session.fetch<AccountDetails>('/api/v1/account', {
        method: 'PATCH',
        body: { settings: signingIn(draft) },
      }),
    onSuccess: changed => {
      queries.setQueryData(keys.account, changed)
      tellDone('The settings are saved.')
    },
  })
  const problem = problemOfForm(save.error, fields)
  const changed = JSON.stringify(draft) !== JSON.stringify(settings)
  const errorOf = (field: string) => wrong[field] ?? problem.of[field]

  const submit = () => {
    const found = check(draft)
    setWrong(found)
    if (Object.keys(found).length === 0) save.mutate()
  }
  const change = (kind: Kind, minutes: Partial<Lifetimes>) => {
    setWrong({})
    save.reset()
    setDraft(known => ({ ...known, [kind]: { ...known[kind], ...minutes } }))
  }

  return (
    <Form
      onSubmit={submit}
      error={Object.keys(wrong).length > 0 ? wrong : save.error}
      busy={save.isPending}
      className={classes.form}
    >
      <section className={classes.group} aria-labelledby="verified">
        <div>
          <h3 id="verified">Verified addresses</h3>
          <p>Applies from the next sign-in.</p>
        </div>
        <div className={classes.fields}>
          <Switch
            label="Only let in people who have verified their email address"
            checked={draft.requireVerifiedEmail}
            onChange={event => {
              const { checked } = event.currentTarget
              setDraft(known => ({ ...known, requireVerifiedEmail: checked }))
            }}
            error={errorOf('settings.requireVerifiedEmail')}
          />
        </div>
      </section>
      {groups.map(({ kind, title, text }) => (
        <section key={kind} className={classes.group} aria-labelledby={kind}>
          <div>
            <h3 id={kind}>{title}</h3>
            <p>{text}</p>
          </div>
          <div className={classes.fields}>
            <DurationInput
              label="Sign out when not used for"
              description={`From ${minutesInWords(shortestIdle)} to ${minutesInWords(longest[kind].idleMinutes)}`}
              minutes={draft[kind].idleMinutes}
              onChange={idleMinutes => change(kind, { idleMinutes })}
              error={errorOf(`settings.${kind}.idleMinutes`)}
            />
            <DurationInput
              label="Sign in again at the latest after"
              description={`From ${minutesInWords(shortest)} to ${minutesInWords(longest[kind].absoluteMinutes)}`}
              minutes={draft[kind].absoluteMinutes}
              onChange={absoluteMinutes => change(kind, { absoluteMinutes })}
              error={errorOf(`settings.${kind}.absoluteMinutes`)}
            />
          </div>
        </section>
      ))}
      {problem.general && (
        <div className={classes.told}>
          <Told>{problem.general}</Told>
        </div>
      )}
      <div className={classes.foot}>
        <Button
          variant="default"
          disabled={!changed || save.isPending}
          onClick={() => {
            setDraft(settings)
            setWrong({})
            save.reset()
          }}
        >
          Undo
        </Button>
        <Button type="submit" loading={save.isPending}>
          Save
        </Button>
      </div>
    </Form>
  )
}

/** What the server would refuse, by field. */
function check(settings: AccountSettings): Record<string, string> {
  const wrong: Record<string, string> = {}
  for (const { kind } of groups) {
    const { idleMinutes, absoluteMinutes } = settings[kind]
    const most = longest[kind]
    if (!(idleMinutes >= shortestIdle && idleMinutes <= most.idleMinutes)) {
      wrong[`settings.${kind}.idleMinutes`] =
        `Choose ${minutesInWords(shortestIdle)} to ${minutesInWords(most.idleMinutes)}.`
    }
    if (!(absoluteMinutes >= shortest && absoluteMinutes <= most.absoluteMinutes)) {
      wrong[`settings.${kind}.absoluteMinutes`] =
        `Choose ${minutesInWords(shortest)} to ${minutesInWords(most.absoluteMinutes)}.`
    } else if (absoluteMinutes < idleMinutes) {
      wrong[`settings.${kind}.absoluteMinutes`] = 'Choose no less than the time above.'
    }
  }
  return wrong
}
