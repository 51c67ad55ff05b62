import { Button, Drawer, Skeleton } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconExternalLink } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { recordQuery } from '../../api/queries'
import type { Collection, RecordTypes } from '../../api/types'
import { ago } from '../../format/time'
import { useFormat } from '../../format/use-format'
import { capital, nounOf } from '../../format/words'
import { useCan, useSession } from '../../session/context'
import { Failure } from '../../ui/failure'
import { useNow } from '../../ui/now'
import { Status } from '../../ui/status'
import classes from './detail.module.css'
import { Related } from './related'
import type { Spec } from './spec'
import { anySpecOf } from './specs'
import { Viewers } from './viewers'

const route = getRouteApi('/signed-in/$collection/$id')

export function DetailDrawer() {
  const { collection, id } = route.useParams()
  const navigate = route.useNavigate()
  const narrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false })
  const format = useFormat()
  const record = useQuery(recordQuery(useSession(), collection, id))
  const spec = anySpecOf(collection)
  const close = () =>
    void navigate({ to: '/$collection', params: { collection }, search: known => known, resetScroll: false })

  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={narrow ? '100%' : 480}
      padding={0}
      overlayProps={{ backgroundOpacity: 0.2 }}
      title={
        <span className={classes.head}>
          <span className={classes.kind}>{capital(nounOf(collection).one)}</span>
          <span className={classes.name}>
            {record.data ? spec.name(record.data, format) : record.isError ? '' : 'Loading…'}
          </span>
        </span>
      }
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ header: classes.header, title: classes.title, body: classes.body }}
      transitionProps={{ duration: 150 }}
    >
      {record.data && <Viewers collection={collection} id={id} />}
      {record.data ? (
        <Detail collection={collection} spec={spec} record={record.data} />
      ) : record.isError ? (
        <Failure error={record.error} onRetry={() => void record.refetch()} />
      ) : (
        <div className={classes.waiting} aria-hidden>
          <Skeleton height={24} width={96} />
          <Skeleton height={16} />
          <Skeleton height={16} width="80%" />
          <Skeleton height={16} width="90%" />
          <Skeleton height={16} width="70%" />
        </div>
      )}
    </Drawer>
  )
}

interface Props {
  collection: Collection
  spec: Spec<Collection>
  record: RecordTypes[Collection]
}

function Detail({ collection, spec, record }: Props) {
  const format = useFormat()
  const finance = useCan()('finance:read')
  const now = useNow()
  const status = spec.status?.(record)
  const fields = spec.fields
    .filter(field => finance || !field.finance)
    .map(field => ({ label: field.label, value: field.value(record, format) }))
    .filter(field => field.value !== null && field.value !== undefined && field.value !== '')

  return (
    <div className={classes.detail} data-testid="record-detail" data-entity={record.id}>
      <div className={classes.bar}>
        {status ? <Status value={status} /> : <span />}
        {record.webUri && (
          <Button
            component="a"
            href={record.webUri}
            target="_blank"
            rel="noopener noreferrer"
            variant="default"
            size="xs"
            rightSection={<IconExternalLink size={14} stroke={1.8} aria-hidden />}
          >
            Open in Jobber
          </Button>
        )}
      </div>
      <dl className={classes.fields}>
        {fields.map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <Related collection={collection} id={record.id} />
      <p className={classes.foot}>
        {[
          record.updatedAt && `Changed in Jobber ${ago(record.updatedAt, now)}`,
          record.fetchedAt && `read ${ago(record.fetchedAt, now)}`,
        ]
          .filter(Boolean)
          .join(' · ')}
      </p>
    </div>
  )
}
