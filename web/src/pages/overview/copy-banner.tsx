import { Progress } from '@mantine/core'
import { IconAlertTriangle, IconCloudDownload, IconPlugConnectedX } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Freshness, Source } from '../../api/types'
import { count, plural } from '../../format/number'
import { useFormat } from '../../format/use-format'
import { collectionName } from '../../format/words'
import { useCan } from '../../session/context'
import { ButtonLink } from '../../ui/link'
import classes from './copy-banner.module.css'

/** Says above the figures when they are not complete, not fresh or not there at all. */
export function CopyBanner({ freshness, refreshFailed }: { freshness: Freshness; refreshFailed: boolean }) {
  const format = useFormat()
  const can = useCan()
  if (freshness.state === 'copying') return <Copying sources={freshness.sources} />
  if (freshness.state === 'disconnected') {
    return (
      <Banner tone="amber" icon={<IconPlugConnectedX size={20} stroke={1.6} aria-hidden />}>
        <p>
          <strong>Jobber is not connected.</strong>{' '}
          {can('jobber:connect')
            ? 'Connect it to see your business here.'
            : 'The owner of your account can connect it under Jobber.'}
        </p>
        {can('jobber:connect') && (
          <ButtonLink to="/connect" size="xs">
            Connect Jobber
          </ButtonLink>
        )}
      </Banner>
    )
  }
  if (refreshFailed) {
    return (
      <Banner tone="amber" icon={<IconAlertTriangle size={20} stroke={1.6} aria-hidden />}>
        <p>
          <strong>The figures could not be renewed.</strong>{' '}
          {freshness.at && `They are as of ${format.dateTime(freshness.at)}.`}
        </p>
      </Banner>
    )
  }
  if (freshness.state === 'stale') {
    const late = freshness.sources.filter(source => source.state === 'stale' || source.state === 'failed')
    return (
      <Banner tone="amber" icon={<IconAlertTriangle size={20} stroke={1.6} aria-hidden />}>
        <p>
          <strong>Some figures may be out of date.</strong>{' '}
          {late.length > 0 &&
            `Behind Jobber: ${late.map(source => collectionName(source.collection)).join(', ')}.`}
        </p>
      </Banner>
    )
  }
  return null
}

function Copying({ sources }: { sources: Source[] }) {
  const copied = sources.reduce((sum, source) => sum + Math.max(0, source.copied), 0)
  const records = sources.reduce((sum, source) => sum + Math.max(source.expected, source.copied), 0)
  const known = records > copied
  const busy = sources.find(source => source.state === 'copying' && source.copied > 0)
  return (
    <Banner tone="blue" icon={<IconCloudDownload size={20} stroke={1.6} aria-hidden />}>
      <div className={classes.copying}>
        <p>
          <strong>Copying your business from Jobber.</strong> The figures fill in as it goes.
        </p>
        <span className={classes.counts}>
          {busy && `${collectionName(busy.collection)} · `}
          {known ? `${count(copied)} of ${plural(records, 'record')}` : plural(copied, 'record')}
        </span>
        <Progress
          value={known ? (copied / records) * 100 : 100}
          animated={!known}
          striped={!known}
          size={4}
          transitionDuration={300}
          aria-label="Records copied"
          className={classes.progress}
        />
      </div>
    </Banner>
  )
}

function Banner({ tone, icon, children }: { tone: 'amber' | 'blue'; icon: ReactNode; children: ReactNode }) {
  return (
    <div className={classes.banner} data-tone={tone} role="status" data-testid="banner">
      {icon}
      {children}
    </div>
  )
}
