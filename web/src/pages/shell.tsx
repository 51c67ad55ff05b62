import {
  AppShell,
  Burger,
  Menu,
  UnstyledButton,
  useComputedColorScheme,
  useMantineColorScheme,
} from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { notifications } from '@mantine/notifications'
import {
  IconBriefcase,
  IconCalendarEvent,
  IconCalendarRepeat,
  IconCash,
  IconFileDollar,
  IconFileText,
  IconInbox,
  IconLayoutDashboard,
  IconListCheck,
  IconLogout,
  IconMoon,
  IconPlugConnected,
  IconReportAnalytics,
  IconSelector,
  IconSettings,
  IconStack2,
  IconSun,
  IconUsers,
} from '@tabler/icons-react'
import { useLocation } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Collection } from '../api/types'
import { collectionName, initials, roleName } from '../format/words'
import { useCan, useIdentity, useSession } from '../session/context'
import { Mark } from '../ui/brand'
import { MenuLink } from '../ui/link'
import { collections, useCanList } from './records/collections'
import { entries } from './settings/entries'
import classes from './shell.module.css'

const icons: Record<Collection, typeof IconUsers> = {
  clients: IconUsers,
  requests: IconInbox,
  quotes: IconFileText,
  jobs: IconBriefcase,
  visits: IconCalendarEvent,
  invoices: IconFileDollar,
  payments: IconCash,
}

export function Shell({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure()
  return (
    <AppShell
      layout="alt"
      header={{ height: { base: 52, md: 0 } }}
      navbar={{ width: 216, breakpoint: 'md', collapsed: { mobile: !opened } }}
      padding={0}
      classNames={{ navbar: classes.navbar, header: classes.header, main: classes.main }}
    >
      <a href="#main" className={classes.skip}>
        Skip to the page
      </a>
      <AppShell.Header hiddenFrom="md">
        <Burger opened={opened} onClick={toggle} size="sm" aria-label="Open the menu" />
        <Mark size={22} />
        <span className={classes.brand}>Fieldboard</span>
      </AppShell.Header>
      <AppShell.Navbar aria-label="Pages">
        <Navigation onNavigate={close} opened={opened} toggle={toggle} />
      </AppShell.Navbar>
      <AppShell.Main id="main">{children}</AppShell.Main>
    </AppShell>
  )
}

function Navigation({
  onNavigate,
  opened,
  toggle,
}: {
  onNavigate: () => void
  opened: boolean
  toggle: () => void
}) {
  const { account } = useIdentity()
  const can = useCan()
  const canList = useCanList()
  const { pathname } = useLocation()
  const under = (path: string) => pathname === path || pathname.startsWith(`${path}/`)
  const link = { onClick: onNavigate, classNames: { root: classes.link, label: classes.linkLabel } }
  const icon = { size: 18, stroke: 1.6, 'aria-hidden': true }

  return (
    <>
      <div className={classes.account}>
        <Mark size={26} />
        <div className={classes.accountText}>
          <span className={classes.brand}>Fieldboard</span>
          <span className={classes.accountName} title={account.name}>
            {account.name}
          </span>
        </div>
        <Burger
          opened={opened}
          onClick={toggle}
          size="sm"
          aria-label="Close the menu"
          hiddenFrom="md"
          ml="auto"
        />
      </div>
      <div className={classes.links}>
        <MenuLink
          to="/"
          label="Overview"
          leftSection={<IconLayoutDashboard {...icon} />}
          active={pathname === '/'}
          {...link}
        />
        {collections.filter(canList).map(collection => {
          const Icon = icons[collection]
          return (
            <MenuLink
              key={collection}
              to="/$collection"
              params={{ collection }}
              label={collectionName(collection)}
              leftSection={<Icon {...icon} />}
              active={under(`/${collection}`)}
              {...link}
            />
          )
        })}
        {can('report:read') && (
          <MenuLink
            to="/reports"
            label="Reports"
            leftSection={<IconReportAnalytics {...icon} />}
            active={under('/reports')}
            {...link}
          />
        )}
      </div>
      <div className={classes.foot}>
        {can('schedule:read') && (
          <MenuLink
            to="/schedules"
            label="Schedules"
            leftSection={<IconCalendarRepeat {...icon} />}
            active={under('/schedules')}
            {...link}
          />
        )}
        {can('batch:run') && (
          <MenuLink
            to="/batches"
            label="Batches"
            leftSection={<IconStack2 {...icon} />}
            active={under('/batches')}
            {...link}
          />
        )}
        {can('task:read') && (
          <MenuLink
            to="/operations"
            label="Operations"
            leftSection={<IconListCheck {...icon} />}
            active={under('/operations')}
            {...link}
          />
        )}
        {(can('sync:manage') || can('jobber:connect')) && (
          <MenuLink
            to="/connect"
            label="Jobber"
            leftSection={<IconPlugConnected {...icon} />}
            active={under('/connect')}
            {...link}
          />
        )}
        {entries.some(entry => can(entry.permission)) && (
          <MenuLink
            to="/settings"
            label="Settings"
            leftSection={<IconSettings {...icon} />}
            active={under('/settings')}
            {...link}
          />
        )}
        <MemberMenu />
      </div>
    </>
  )
}

function MemberMenu() {
  const { member } = useIdentity()
  const session = useSession()
  const { setColorScheme } = useMantineColorScheme()
  const dark = useComputedColorScheme('light') === 'dark'

  const signOut = () => {
    session.signOut().catch(() => {
      notifications.show({
        color: 'orange',
        title: 'Signed out here only',
        message: 'The server could not be told. Close this browser if others use it.',
      })
    })
  }

  return (
    <Menu position="top-start" width={200} shadow="md">
      <Menu.Target>
        <UnstyledButton className={classes.member} data-testid="member-menu">
          <span className={classes.initials} aria-hidden>
            {initials(member.name || member.email)}
          </span>
          <span className={classes.accountText}>
            <span className={classes.memberName}>{member.name || member.email}</span>
            <span className={classes.accountName}>{roleName(member.role)}</span>
          </span>
          <IconSelector size={16} stroke={1.6} aria-hidden />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{member.email}</Menu.Label>
        <Menu.Item
          leftSection={dark ? <IconSun size={16} stroke={1.6} /> : <IconMoon size={16} stroke={1.6} />}
          onClick={() => setColorScheme(dark ? 'light' : 'dark')}
        >
          {dark ? 'Light appearance' : 'Dark appearance'}
        </Menu.Item>
        <Menu.Item
          leftSection={<IconLogout size={16} stroke={1.6} />}
          onClick={signOut}
          data-testid="sign-out"
        >
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
