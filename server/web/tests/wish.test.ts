import { describe, expect, it } from 'vitest';
import { credentials, renewed } from '../src/lib/wish';

const SDP = [
  'v=0', 'a=ice-lite', 'm=audio 1 UDP/TLS/RTP/SAVPF 111', 'a=ice-ufrag:old', 'a=ice-pwd:older', 'a=setup:passive',
  'm=video 1 UDP/TLS/RTP/SAVPF 96', 'a=ice-ufrag:old', 'a=ice-pwd:older', '',
].join('\r\n');

describe('the credentials of an ICE session', () => {
  it('are taken from a description once', () => {
    expect(credentials(SDP)).toEqual(['a=ice-ufrag:old', 'a=ice-pwd:older']);
  });

  it('are changed in every section, and nothing else is', () => {
    const fragment = 'a=ice-lite\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:$&new\r\na=ice-pwd:newer\r\n';
    expect(renewed(SDP, fragment)).toBe(SDP.replaceAll('ufrag:old', 'ufrag:$$&new').replaceAll('pwd:older', 'pwd:newer'));
  });
});
