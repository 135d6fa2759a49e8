"""What the contract suite has to know of each provider: one module for each connector.

CLIENT    the OAuth client that the emulator knows
PEOPLE    two who can sign in; each connects at least one account
SCOPES    what is asked for; None is what the connector suggests
FEW       fewer scopes, and then a tool and arguments that lack one; None: there are no scopes
ACCESS    seconds until an access token ends; 0: it does not
TOKEN     path of the token endpoint
ENDED     outcome, reach and probe of a disconnect
GONE      outcome of a disconnect after the person took everything back
SHARED    what a disconnect says while another owner rests on the same grant
CALLS     each tool once: a name, and arguments or a function of what earlier calls gave
LIMITED   a tool and arguments that the rate limit of `limit` holds up
prepare   what the calls need and no tool makes: given the world and a token; may be missing
limit     begins that limit; `take_back` is a person who takes back what they granted
"""
