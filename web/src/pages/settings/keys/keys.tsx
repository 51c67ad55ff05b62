import { ActionIcon, Button, Menu } from '@mantine/core'
import { IconBan, IconDots, IconKey, IconPlus, IconRefresh } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { apiKeysQuery } from '../../../api/queries'
import type { ApiKey, NewApiKey } from '../../../api/types'
import { plural } from '../../../format/number'
import { until } from '../../../format/time'
import { useFormat } from '../../../format/use-format'
import { permissionName } from '../../../format/words'
import { useSession } from '../../../session/context'
import { Ago } from '../../../ui/ago'
import { Dialog } from '../../../ui/dialog'
import { Empty } from '../../../ui/empty'
import { Failure } from '../../../ui/failure'
import { useNow } from '../../../ui/now'
import { Panel } from '../../../ui/panel'
import { Status } from '../../../ui/status'
import rows from '../rows.module.css'
import { Waiting } from '../waiting'
import { CreateForm } from './create'
import classes from './keys.module.css'
import { RevokeDialog } from './revoke'
import { RotateForm } from './rotate'
import { Secret } from './secret'

type Step =
  | { name: 'create' }
  | { name: 'rotate'; key: ApiKey }
  | { name: 'secret'; made: NewApiKey; rotated: boolean }

export function Keys() {
  const list = useQuery(apiKeysQuery(useSession()))
  const [step, setStep] = useState<Step & { opened: boolean }>()
  const [revoking, setRevoking] = useState<{ apiKey: ApiKey; opened: boolean }>()
  const close = () => step && setStep({ ...step, opened: false })
  const create = () => setStep({ name: 'create', opened: true })

  return (
    <>
      <Panel
        title="API keys"
        aside={
          // Without any key the page's one button stands in its middle.
          Boolean(list.data?.length) && (
            <Button
              id="create-key"
              size="xs"
              leftSection={<IconPlus size={16} stroke={1.8} aria-hidden />}
              onClick={create}
            >
              Create a key
            </Button>
          )
        }
      >
        {list.data ? (
          list.data.length > 0 ? (
            <ul className={rows.rows} aria-label="API keys">
              {livingFirst(list.data).map(key => (
                <Row
                  key={key.id}
                  apiKey={key}
                  onRotate={() => setStep({ name: 'rotate', key, opened: true })}
                  onRevoke={() => setRevoking({ apiKey: key, opened: true })}
                />
              ))}
            </ul>
          ) : (
            <Empty
              icon={IconKey}
              title="No API keys yet"
              action={
                <Button id="create-key" onClick={create}>
                  Create a key
                </Button>
              }
            >
              A key lets a program of yours read Fieldboard without a person signing in: a report, a
              spreadsheet, a screen on the wall. It may do only what you give it.
            </Empty>
          )
        ) : list.isError ? (
          <Failure error={list.error} onRetry={() => void list.refetch()} />
        ) : (
          <Waiting what="the API keys" rows={3} />
        )}
      </Panel>
      {step && (
        <Dialog
          opened={step.opened}
          onClose={close}
          title={titleOf(step)}
          size={step.name === 'secret' ? 560 : 480}
          insistent={step.name === 'secret'}
          returnTo={returnTo(step)}
        >
          {step.name === 'create' && (
            <CreateForm
              onCancel={close}
              onMade={made => setStep({ name: 'secret', made, rotated: false, opened: true })}
            />
          )}
          {step.name === 'rotate' && (
            <RotateForm
              apiKey={step.key}
              onCancel={close}
              onMade={made => setStep({ name: 'secret', made, rotated: true, opened: true })}
            />
          )}
          {step.name === 'secret' && <Secret made={step.made} rotated={step.rotated} onDone={close} />}
        </Dialog>
      )}
      {revoking && (
        <RevokeDialog
          key={revoking.apiKey.id}
          {...revoking}
          onClose={() => setRevoking({ ...revoking, opened: false })}
          returnTo={[menuId(revoking.apiKey), 'create-key']}
        />
      )}
    </>
  )
}

function livingFirst(keys: ApiKey[]): ApiKey[] {
  return [...keys].sort((a, b) => Number(b.status === 'active') - Number(a.status === 'active'))
}

function titleOf(step: Step): string {
  switch (step.name) {
    case 'create':
      return 'Create an API key'
    case 'rotate':
      return `New secret for ${step.key.name}`
    case 'secret':
      return step.rotated ? `The new secret of ${step.made.key.name}` : `The key ${step.made.key.name}`
  }
}

/** A key's menu for what began there, else the page's button. */
function returnTo(step: Step): string[] {
  const key = step.name === 'rotate' ? step.key : step.name === 'secret' && step.rotated && step.made.key
  return key ? [menuId(key), 'create-key'] : ['create-key']
}

function menuId(key: ApiKey): string {
  return `key-${key.id}`
}

const stateNames: Record<ApiKey['status'], { label: string; tone: string }> = {
  active: { label: 'Active', tone: 'live' },
  expired: { label: 'Expired', tone: 'stale' },
  revoked: { label: 'Revoked', tone: 'revoked' },
}

function Row({ apiKey, onRotate, onRevoke }: { apiKey: ApiKey; onRotate: () => void; onRevoke: () => void }) {
  const format = useFormat()
  const now = useNow()
  const { name, prefix, permissions, createdBy, createdAt, expiresAt, lastUsedAt, overlapEndsAt, ipAllow } =
    apiKey
  const { label, tone } = stateNames[apiKey.status] ?? { label: apiKey.status, tone: '' }
  const active = apiKey.status === 'active'
  const overlaps = active && overlapEndsAt && Date.parse(overlapEndsAt) > now
  return (
    <li className={rows.row} data-off={!active || undefined} data-testid="api-key" data-entity={apiKey.id}>
      <span className={rows.lead}>
        <IconKey size={20} stroke={1.5} aria-hidden />
      </span>
      <div className={rows.main}>
        <div className={rows.title}>
          <span className={rows.name}>{name}</span>
          <Status value={tone} label={label} />
          <code className={classes.prefix} title="How the key begins">
            {prefix}…
          </code>
        </div>
        <ul className={classes.permissions} aria-label="May">
          {permissions.map(permission => (
            <li key={permission}>{permissionName(permission)}</li>
          ))}
        </ul>
        <div className={rows.about}>
          {[
            `Created by ${createdBy || 'somebody who has left'} on ${format.date(createdAt)}`,
            ipAllow &&
              ipAllow.length > 0 &&
              `only from ${ipAllow.length > 2 ? plural(ipAllow.length, 'network') : ipAllow.join(' and ')}`,
            overlaps && `the previous secret works until ${format.dateTime(overlapEndsAt)}`,
          ]
            .filter(Boolean)
            .join(' · ')}
        </div>
      </div>
      <div className={rows.facts}>
        {lastUsedAt ? (
          <time dateTime={lastUsedAt} title={format.dateTime(lastUsedAt)}>
            Used <Ago time={lastUsedAt} />
          </time>
        ) : (
          <span>Never used</span>
        )}
        {active && <Expiry at={expiresAt} now={now} />}
      </div>
      <div className={rows.actions}>
        {active && (
          <Menu id={menuId(apiKey)} position="bottom-end" width={200} shadow="md">
            <Menu.Target>
              <ActionIcon aria-label={`Actions for ${name}`}>
                <IconDots size={18} stroke={1.6} aria-hidden />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Item leftSection={<IconRefresh size={16} stroke={1.6} />} onClick={onRotate}>
                New secret
              </Menu.Item>
              <Menu.Item
                color="var(--fb-red)"
                leftSection={<IconBan size={16} stroke={1.6} />}
                onClick={onRevoke}
              >
                Revoke
              </Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </div>
    </li>
  )
}

const soonMs = 7 * 86_400_000

function Expiry({ at, now }: { at: string | null; now: number }) {
  const format = useFormat()
  if (!at) return <span>Does not expire</span>
  return (
    <time
      dateTime={at}
      title={format.dateTime(at)}
      className={Date.parse(at) - now < soonMs ? classes.soon : undefined}
    >
      Expires {until(at, now)}
    </time>
  )
}
