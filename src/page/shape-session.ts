/** Sessions and SIMs as the page shows them: named fields only, so that no personal one can slip through. Pure. */
import type { Session } from '../reader/session-item.ts';
import type { Sim } from '../reader/sim-item.ts';
import type { ShapedSession, ShapedSim } from './shapes.ts';

/** The last digits of a card's number: enough to recognise a card that one holds, not to use it. */
const ICCID_SHOWN = 4;

type Named = Pick<Session, 'network'>;

const networkOf = ({ network }: Named): string | null => {
  if (!network) return null;
  const { name, iso_country: country, mcc, mnc } = network;
  const called = name ?? (mcc && mnc ? `${mcc}-${mnc}` : undefined);
  return [called, country].filter(Boolean).join(', ') || null;
};

export const shapeSession = (session: Session): ShapedSession => ({
  sessionSid: session.data_session_sid,
  simSid: session.sim_sid,
  simName: session.sim_unique_name ?? null,
  status: session.status,
  startedAt: session.started_at ?? null,
  endedAt: session.ended_at ?? null,
  usageThrough: session.usage_through ?? null,
  downloadBytes: String(session.download_bytes),
  uploadBytes: String(session.upload_bytes),
  totalBytes: String(session.total_bytes),
  missingBytes: String(session.missing_bytes),
  eventCount: Number(session.event_count),
  apn: session.apn ?? null,
  ratType: session.rat_type ?? null,
  network: networkOf(session),
  updatedAt: session.updated_at,
});

export const shapeSim = (sim: Sim): ShapedSim => ({
  simSid: sim.sim_sid,
  name: sim.sim_unique_name ?? null,
  iccidEnd: sim.sim_iccid?.slice(-ICCID_SHOWN) ?? null,
  state: sim.connection_state ?? null,
  network: networkOf(sim),
  ratType: sim.rat_type ?? null,
  lastAttachment: sim.last_attachment ?? null,
  lastAttachmentAt: sim.last_attachment_at ?? null,
  flags: sim.flags,
});
