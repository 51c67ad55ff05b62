import { useMediaQuery } from '@mantine/hooks'
import { IconCheck } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { rolesQuery } from '../../../api/queries'
import type { Permission, RoleGrants } from '../../../api/types'
import { permissionName, permissionOrder, roleName, scopeName } from '../../../format/words'
import { useIdentity, useSession } from '../../../session/context'
import { Failure } from '../../../ui/failure'
import { Panel } from '../../../ui/panel'
import rows from '../rows.module.css'
import { Waiting } from '../waiting'
import classes from './roles.module.css'

/** Which role may do what. */
export function Roles() {
  const narrow = useMediaQuery('(max-width: 47.99em)', undefined, { getInitialValueInEffect: false })
  const roles = useQuery(rolesQuery(useSession()))
  const View = narrow ? Sentences : Table
  return (
    <Panel title="What each role may do">
      {roles.data ? (
        <View roles={roles.data} permissions={permissionsOf(roles.data)} />
      ) : roles.isError ? (
        <Failure error={roles.error} onRetry={() => void roles.refetch()} />
      ) : (
        <Waiting what="the roles" rows={8} />
      )}
    </Panel>
  )
}

interface ViewProps {
  roles: RoleGrants[]
  permissions: Permission[]
}

/** Every permission that some role holds; those that this page has no words for come last. */
function permissionsOf(roles: RoleGrants[]): Permission[] {
  const held = new Set(roles.flatMap(role => Object.keys(role.grants) as Permission[]))
  const known = permissionOrder.filter(permission => held.has(permission))
  return [...known, ...[...held].filter(permission => !permissionOrder.includes(permission)).sort()]
}

function Table({ roles, permissions }: ViewProps) {
  const { member } = useIdentity()
  return (
    <div className={classes.scroll}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">May</th>
            {roles.map(({ role }) => (
              <th key={role} scope="col" data-own={role === member.role || undefined}>
                {roleName(role)}
                {role === member.role && <small>Your role</small>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {permissions.map(permission => (
            <tr key={permission}>
              <th scope="row">{permissionName(permission)}</th>
              {roles.map(({ role, grants }) => (
                <td key={role} data-own={role === member.role || undefined}>
                  <Mark scope={grants[permission]} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Mark({ scope }: { scope: RoleGrants['grants'][Permission] }) {
  if (!scope) {
    return (
      <span className={classes.no}>
        <span aria-hidden>–</span>
        <span className="sr-only">No</span>
      </span>
    )
  }
  const narrower = scopeName(scope)
  if (narrower) return <span className={classes.part}>{narrower}</span>
  return (
    <span className={classes.yes}>
      <IconCheck size={16} stroke={2} aria-hidden />
      <span className="sr-only">Yes</span>
    </span>
  )
}

/** The table turned into sentences, where five columns have no room. */
function Sentences({ roles, permissions }: ViewProps) {
  return (
    <ul className={rows.rows}>
      {permissions.map(permission => {
        const holders = roles.flatMap(({ role, grants }) => {
          const scope = grants[permission]
          if (!scope) return []
          const narrower = scopeName(scope)
          return [narrower ? `${roleName(role)} (${narrower.toLowerCase()})` : roleName(role)]
        })
        return (
          <li key={permission} className={classes.sentence}>
            <span className={rows.name}>{permissionName(permission)}</span>
            <span className={rows.about}>
              {holders.length === roles.length && !holders.some(name => name.includes('('))
                ? 'Everybody'
                : holders.join(', ')}
            </span>
          </li>
        )
      })}
    </ul>
  )
}
