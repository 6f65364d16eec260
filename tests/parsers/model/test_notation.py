"""The plain notation says all that a firewall holds, and gives it back; what does not fit is refused with its line."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given

from parsers.errors import NotationError
from parsers.model.addresses import AddressSet
from parsers.model.capture import Span
from parsers.model.conditions import Axis, Condition, ConditionKind
from parsers.model.firewall import Firewall, Interface
from parsers.model.notation import read, read_all, render, render_all, rule_text
from parsers.model.rules import Call, Deny, Goto, Mark, Match, Permit, Return, Rewrite, Rule, Rules, Side, State
from parsers.model.services import ICMP, ICMP6, TCP, UDP, Service, ServiceSet
from tests import strategies, tryouts

WEB = Match(
    destination=AddressSet.of("192.0.2.10"),
    services=ServiceSet.protocol(TCP, (443, 443)),
    ingress=frozenset({"outside"}),
    egress=frozenset({"dmz"}),
)
SSL = Condition(kind=ConditionKind.APPLICATION, values=("ssl",))
PASSIVE = ServiceSet.protocol(TCP, (21, 21), (5000, 5100), source_ports=(1024, 65535))


def everything(value: object) -> object:
    """Give a value as nested tuples, the fields that equality leaves out among them."""
    if is_dataclass(value):
        return (type(value).__name__, *((item.name, everything(getattr(value, item.name))) for item in fields(value)))
    if isinstance(value, tuple | Rules):
        return tuple(map(everything, value))
    return value


@given(strategies.documented_firewalls)
def test_round_trip(firewall: Firewall) -> None:
    """What is read back is what was written, with every line number and object name, and writes the same text."""
    text = render(firewall)
    assert everything(read(text)) == everything(firewall)
    assert render(read(text)) == text


@pytest.mark.parametrize(
    "firewall",
    [tryouts.ASA, tryouts.FORTIOS, tryouts.FORKS, tryouts.VPN, tryouts.HOST, tryouts.ios_acl(reply_line=True)],
)
def test_round_trip_of_real_shapes(firewall: Firewall) -> None:
    """Hand-built firewalls come back too."""
    assert everything(read(render(firewall))) == everything(firewall)


RULES = [
    (
        Rule(do=Permit(), possible=WEB, span=Span(first=12, last=14), conditions=(SSL,)),
        "permit tcp any -> 192.0.2.10:443 [outside>dmz] @12-14 ?application=ssl",
    ),
    (Rule(do=Permit(replies=True), span=Span(document=1, first=7, last=7)), "permit ip any -> any replies @1:7"),
    (Rule(do=Deny(), name="deny all"), 'deny ip any -> any name "deny all"'),
    (
        Rule(do=Call(chain="web in"), possible=Match(states=frozenset({State.NEW}))),
        'call "web in" ip any -> any state new',
    ),
    (Rule(do=Goto(chain="web"), possible=Match(tags=frozenset())), "goto web ip any -> any untagged"),
    (Rule(do=Mark(tag="none"), possible=Match(tags=frozenset({"b", "a"}))), 'mark "none" ip any -> any tags a,b'),
    (
        Rule(do=Return(), possible=Match(source=~AddressSet.of("203.0.113.0/24"))),
        "return ip !203.0.113.0/24 -> any",
    ),
    (
        Rule(
            do=Permit(),
            possible=Match(
                source=AddressSet.of("2001:db8::/32"),
                destination=AddressSet.of("192.0.2.1", "192.0.2.3"),
                services=PASSIVE,
                objects=("ftp hosts", "ftp"),
            ),
        ),
        'permit tcp {2001:db8::/32}:1024-65535 -> {192.0.2.1,192.0.2.3}:21,5000-5100 from "ftp hosts",ftp',
    ),
    (
        Rule(
            do=Permit(),
            possible=Match(services=ServiceSet.protocol(TCP, (53, 53)) | ServiceSet.protocol(UDP, (53, 53))),
        ),
        "permit tcp,udp any -> any:53",
    ),
    (
        Rule(
            do=Permit(),
            possible=Match(services=ServiceSet.protocol(TCP, (80, 80)) | ServiceSet.protocol(UDP, (53, 53))),
        ),
        "permit {tcp:80 udp:53} any -> any",
    ),
    (
        Rule(do=Permit(), possible=Match(services=PASSIVE | ServiceSet.protocol(47))),
        "permit {gre tcp:1024-65535>21,5000-5100} any -> any",
    ),
    (
        Rule(do=Permit(), possible=Match(services=ServiceSet.protocol(ICMP, (2048, 2303), (769, 769)))),
        "permit icmp any -> any:3/1,8",
    ),
    (
        Rule(do=Permit(), possible=Match(services=ServiceSet.protocol(ICMP6, (32768, 33279), (3, 260)))),
        "permit icmp6 any -> any:0/3-1/4,128-129",
    ),
    (
        Rule(do=Permit(), possible=Match(services=~ServiceSet.of(Service(protocols=(6, 6), ports=(22, 22))))),
        "permit {0-5,7-255 tcp:0-21,23-65535} any -> any",
    ),
    (
        Rule(
            do=Rewrite(side=Side.DESTINATION, to=AddressSet.of("10.1.1.10"), ports=(443, 443), tag="vip", egress="dmz"),
            possible=WEB,
        ),
        "dnat tcp any -> 192.0.2.10:443 [outside>dmz] to 10.1.1.10:443 tag vip egress dmz",
    ),
    (
        Rule(
            do=Rewrite(side=Side.SOURCE, to=AddressSet.of("198.51.100.0/28"), shift=True),
            possible=Match(source=AddressSet.of("10.1.1.0/28"), egress=frozenset({"outside"})),
        ),
        "snat ip 10.1.1.0/28 -> any [>outside] to 198.51.100.0/28 one-to-one",
    ),
    (Rule(do=Rewrite(side=Side.DESTINATION, ports=(80, 90))), "dnat ip any -> any to :80-90"),
    (
        Rule(
            do=Deny(),
            sure=Match(destination=AddressSet.of("192.0.2.10")),
            conditions=(
                Condition(
                    kind=ConditionKind.FQDN, values=("a.example.com", "b c"), text='fqdn "x"', axis=Axis.DESTINATION
                ),
                Condition(kind=ConditionKind.UNKNOWN),
            ),
        ),
        'deny ip any -> any ?fqdn/destination=a.example.com,"b c"("fqdn \\"x\\"") ?unknown sure (ip any -> 192.0.2.10)',
    ),
    (Rule(do=Deny(), possible=Match(ingress=frozenset(), services=ServiceSet())), "deny {} any -> any [none>]"),
]


@pytest.mark.parametrize(("rule", "text"), RULES)
def test_rule_reads_as_an_engineer_writes_it(rule: Rule, text: str) -> None:
    """One line holds a rule, in the words of the field."""
    assert rule_text(rule) == text
    firewall = read(f'firewall test\nstage s default deny "x"\n  chain c\n    {text}\n')
    assert everything(firewall.stages[0].chains[0].rules[0]) == everything(rule)


def test_several_firewalls_and_comments() -> None:
    """Firewalls of one text stand apart by an empty line; comments and empty lines say nothing."""
    some = (Firewall(platform="test", context="a b"), Firewall(platform="test", interfaces=(Interface(name="x"),)))
    text = render_all(some)
    assert text == 'firewall test context "a b"\n\nfirewall test\ninterface x\n'
    assert read_all("# two contexts\n\n" + text) == some
    assert read_all("") == ()
    with pytest.raises(NotationError, match="expected one firewall, found 2"):
        read(text)


def test_no_control_character_reaches_a_terminal() -> None:
    """A name from a hostile configuration shows its control and direction characters as escapes."""
    name = "a\x1b[2J\x9b\u202e\n"
    text = render(Firewall(platform=name))
    assert text == 'firewall "a\\u001b[2J\\u009b\\u202e\\n"\n'
    assert read(text).platform == name


HEAD = 'firewall test\nstage s default deny "x"\n  chain c\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("interface x", "1: expected `firewall` and its platform"),
        ("firewall test\nwhatever", "2: this line begins with no word of the notation"),
        ("firewall test\n  addresses any @1", "2: this line is indented, but belongs to nothing"),
        ("firewall test\ninterface x colour red", "2: this does not belong here at 'colour red'"),
        ("firewall test\ninterface x zone a zone b", "2: zone occurs twice"),
        ("firewall test\nroute 10.0.0.0/8 x", "2: expected 'via' at 'x'"),
        ("firewall test\nroute 10.0.0.300 via x", "2: '10.0.0.300' does not appear to be"),
        ("firewall test\nobject o\n  addresses any", "3: a member of an object needs its lines"),
        ("firewall test\nobject o\n  ports any @1", "3: a member of an object is `addresses` or `services`"),
        ("firewall test\nstage s default drop", "2: a stage needs `default permit` or `default deny`"),
        ("firewall test\nstage s default deny\n  permit ip any -> any", "3: expected `chain` and its name"),
        ('firewall test\nstage s default deny "x"\nroute any via x', "3: only stages may follow a stage"),
        (HEAD + "    allow ip any -> any", "4: a rule begins with one of permit, deny"),
        (HEAD + "    permit tcpp any -> any", "4: 'tcpp' is no protocol"),
        (HEAD + "    permit tcp any -> any:70000", "4: '70000' are no ports"),
        (HEAD + "    permit tcp any -> any:90-80", "4: '90-80' are no ports"),
        (HEAD + "    permit icmp any -> any:3/1/2", "4: '3/1/2' are no ICMP types"),
        (HEAD + "    permit ip any any", "4: expected '->'"),
        (HEAD + "    permit ip any -> any state old", "4: 'old' is no connection state"),
        (HEAD + "    permit ip any -> any ?colour=red", "4: 'colour' is not one of fqdn"),
        (HEAD + "    permit ip any -> any )", "4: this does not belong here at ')'"),
        (HEAD + '    permit ip any -> any name "open', "4: expected a text in double quotes"),
        (HEAD + "    deny ip any -> any replies", "4: this does not belong here at 'replies'"),
        (HEAD + "    permit ip any -> any @x", "4: expected lines such as @12-14"),
        (HEAD + "    permit ip any ->", "4: expected addresses at the end of the line"),
    ],
)
def test_what_does_not_fit_is_refused(text: str, message: str) -> None:
    """An error names the line, what was expected, and what stands there instead."""
    with pytest.raises(NotationError) as caught:
        read(text)
    assert str(caught.value).startswith(message)
