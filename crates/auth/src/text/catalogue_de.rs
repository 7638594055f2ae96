//! Der Fehlerkatalog auf Deutsch.

explanations! {
    InvalidRequest =>
        "In der Anfrage fehlt ein Parameter, einer ist doppelt, oder ein Wert kann nicht stimmen.";
            "Ein Parameter fehlt: error_description nennt ihn. Viele Bibliotheken vergessen code_challenge oder \
             redirect_uri.",
            "Ein Parameter kam zweimal, einmal in der Adresse und einmal im Formular. Jeden nur einmal senden.",
            "Der Inhalt ist JSON. Anfragen an Token-, Introspection- und Revocation-Endpunkt sind Formulare \
             (application/x-www-form-urlencoded).",
            "Mit dieser client_id ist kein Client registriert, oder er wurde gelöscht. Buchstabe für Buchstabe \
             vergleichen.",
            "Die Redirect-URI oder die Post-Logout-Redirect-URI weicht von der registrierten ab, und sei es um \
             einen Schrägstrich, einen Port oder einen Buchstaben. Genau das registrieren, was gesendet wird.",
            "Zwei Arten der Client-Authentifizierung in einer Anfrage. Nur die behalten, für die der Client \
             registriert ist.",
            "Der Client will verschlüsselte Antworten, aber in seinem jwks oder an seiner jwks_uri steht kein \
             Schlüssel dafür.",

    UnauthorizedClient =>
        "Die App ist bekannt, aber für das, was sie verlangt, nicht registriert.";
            "Der Grant-Typ oder Response-Typ steht nicht in der Registrierung des Clients. Ihn eintragen lassen \
             oder einen eingetragenen verwenden.",
            "Der Client ist gesperrt. Wer diesen Dienst betreibt, kann ihn wieder freigeben.",
            "Ein Client für Maschinen (client_credentials) kann niemanden anmelden; dafür einen zweiten \
             registrieren.",

    AccessDenied =>
        "Die Person, oder eine Regel dieses Servers, hat nein gesagt.";
            "Die Person hat die Anfrage nicht erlaubt. Die App sollte einen neuen Versuch anbieten und sagen, \
             wozu sie jede Berechtigung braucht.",
            "Bei der ersten Anmeldung um weniger Scopes bitten, und um die anderen erst, wenn sie gebraucht \
             werden.",

    UnsupportedResponseType =>
        "Dieser Server antwortet nicht mit dem, was response_type nennt.";
            "response_type=code mit PKCE verwenden; das taugt für Web-, Mobil- und Single-Page-Apps.",
            "Implicit- und Hybrid-Typen sind aus, solange der Betreiber sie nicht einschaltet und der Client \
             nicht dafür registriert ist.",
            "response_types_supported im Discovery-Dokument nennt, was es gibt.",

    InvalidScope =>
        "Ein Scope ist unbekannt, falsch geschrieben, oder dieser Client darf ihn nicht verlangen.";
            "Die Scopes der Anfrage mit der Registrierung des Clients vergleichen; error_description nennt den \
             falschen.",
            "Scopes trennt ein einzelnes Leerzeichen, kein Komma und kein doppelt kodiertes Pluszeichen.",
            "Scopes zweier APIs in einer Anfrage: je API ein eigenes Token holen.",
            "Beim Auffrischen können nur Scopes verlangt werden, die schon gewährt sind.",

    ServerError =>
        "Auf unserer Seite ist etwas fehlgeschlagen; die Anfrage war vielleicht richtig.";
            "Nach einem Moment einmal neu versuchen. Bleibt es so, den Betreibern die Fehlernummer nennen.",
            "Für Betreiber: Im Protokoll des Servers steht eine Zeile mit dieser Nummer und der Ursache.",

    TemporarilyUnavailable =>
        "Der Server kann gerade nicht antworten, weil er voll ist oder seine Datenbank nicht antwortet.";
            "So lange warten, wie Retry-After sagt, dann dieselbe Anfrage noch einmal senden.",
            "Nicht in schneller Folge wiederholen: Pausen einlegen, die wachsen und etwas vom Zufall abhängen.",
            "Für Betreiber: die Datenbank prüfen, und ob der Server genug Threads für Passwörter hat.",

    InvalidClient =>
        "Die App konnte nicht beweisen, welcher Client sie ist. Ob Name, Geheimnis oder Methode falsch ist, \
         erfahren Fremde nicht.";
            "Das Geheimnis ist falsch, abgelaufen oder das einer anderen Installation. Mit countersign client \
             rotate ein neues machen; zwei dürfen nebeneinander gelten.",
            "Der Client ist für eine andere Methode registriert: token_endpoint_auth_method muss die sein, die \
             die App verwendet.",
            "Bei HTTP Basic werden Name und Geheimnis formularkodiert, bevor ein Doppelpunkt sie verbindet (RFC \
             6749 Abschnitt 2.3.1).",
            "Eine Assertion (private_key_jwt) wurde zweimal verwendet, ist abgelaufen, mit einem nicht \
             registrierten Schlüssel signiert, oder ihr aud ist nicht der Aussteller.",

    InvalidGrant =>
        "Der Code oder das Refresh-Token taugt nicht, oder nicht für diese Anfrage.";
            "Der Code ist älter als eine Minute oder schon benutzt. Sofort und nur einmal einlösen; eine \
             doppelt geladene Seite sendet ihn zweimal.",
            "Die redirect_uri der Token-Anfrage ist nicht die der Autorisierungsanfrage.",
            "code_verifier passt nicht zu code_challenge: den Verifier jeder Anmeldung getrennt aufheben, auch \
             bei zwei Tabs.",
            "Ein Refresh-Token wurde zweimal benutzt. Nach jedem Auffrischen das neue aufheben; kommt ein altes \
             wieder, enden alle.",
            "Die Person hat sich abgemeldet, oder die Erlaubnis wurde zurückgezogen: neu anmelden.",

    UnsupportedGrantType =>
        "Der Token-Endpunkt kennt diesen Grant-Typ nicht.";
            "Den Password-Grant gibt es hier nicht: Menschen mit dem Authorization-Code-Flow anmelden.",
            "Die Schreibweise prüfen; grant_types_supported im Discovery-Dokument nennt, was es gibt.",

    LoginRequired =>
        "Die Anfrage verbietet zu fragen (prompt=none), aber jemand muss sich anmelden.";
            "Das ist die normale Antwort, wenn niemand angemeldet ist. Die Anfrage ohne prompt=none noch einmal \
             senden.",
            "In einem iframe hält der Browser die Cookies dieses Servers zurück. Refresh-Tokens statt stiller \
             Anmeldung verwenden.",
            "max_age ist kürzer, als die Anmeldung alt ist, oder id_token_hint nennt eine andere Person.",

    ConsentRequired =>
        "Die Anfrage verbietet zu fragen (prompt=none), aber die Person hat noch nicht alles erlaubt.";
            "Die Anfrage ohne prompt=none noch einmal senden; gefragt wird einmal, die Antwort wird gemerkt.",
            "Ein neuer Scope braucht eine neue Erlaubnis: mit der früheren Anfrage vergleichen.",
            "Eine App des Hauses kann als first_party registriert werden; dann wird niemand gefragt.",

    AccountSelectionRequired =>
        "Die Anfrage verbietet zu fragen (prompt=none), aber ein Konto muss gewählt werden.";
            "Die Anfrage ohne prompt=none noch einmal senden.",
            "select_account weglassen, wo der App das angemeldete Konto genügt.",

    RequestNotSupported =>
        "Dieser Server liest den Parameter request für diesen Client nicht.";
            "Die Parameter offen senden, ohne Request-Objekt.",
            "request_parameter_supported im Discovery-Dokument sagt, ob es anders geht.",

    RequestUriNotSupported =>
        "Dieser Server holt Request-Objekte nicht von einer Adresse.";
            "Die Parameter offen senden, oder das Request-Objekt selbst im Parameter request.",
            "Für Betreiber: openid.request_uri_parameter_supported schaltet es ein. Damit lassen Clients diesen \
             Server Adressen abrufen.",

    RegistrationNotSupported =>
        "Der Parameter registration (Self-Issued OP) wird hier nicht unterstützt.";
            "registration weglassen und den Client vor seiner ersten Anfrage registrieren.",
            "Hat das Discovery-Dokument einen registration_endpoint, kann eine App das selbst tun.",

    UnmetAuthenticationRequirements =>
        "Die Anfrage besteht auf einer Art der Anmeldung, die dieser Server oder diese Person nicht hat.";
            "acr ist im Parameter claims als essential verlangt: einen Wert aus acr_values_supported nehmen, \
             oder mit acr_values darum bitten, das ist ein Wunsch.",
            "Auch ohne diese Forderung sagt das ID-Token in acr und amr, wie die Anmeldung geschah.",

    InvalidRequestObject =>
        "Die signierte Anfrage (Request-Objekt) ist nicht lesbar oder hält der Prüfung nicht stand.";
            "Sie ist mit einem Schlüssel signiert, der nicht in jwks oder jwks_uri des Clients steht, oder mit \
             einem anderen Algorithmus als registriert.",
            "alg ist none, und der Client ist nicht für unsignierte Request-Objekte registriert.",
            "iss muss die client_id sein und aud der Aussteller dieses Servers; exp darf nicht vorbei sein.",
            "client_id muss auch in der Adresse stehen; was an beiden Stellen steht, muss gleich sein.",

    InvalidRequestUri =>
        "Das Request-Objekt war von request_uri nicht abzurufen, oder der Client hat diese Adresse nicht \
         registriert.";
            "Die Adresse in request_uris registrieren; verglichen wird sie, wie sie dasteht, bis auf ein \
             Fragment.",
            "Sie muss https sein und in Sekunden antworten, ohne Weiterleitung, mit einem JWT mäßiger Größe.",
            "Private Adressen und solche dieses Rechners werden nie abgerufen.",

    InvalidRedirectUri =>
        "Eine Redirect-URI der Registrierung nimmt dieser Server nicht an.";
            "Web-Apps brauchen https. Unverschlüsseltes http geht nur für Loopback-Adressen nativer Apps.",
            "Kein Fragment, kein Platzhalter, kein Benutzername in der Adresse.",
            "Ein eigenes Schema einer nativen App enthält einen Punkt: com.example.app:/callback.",

    InvalidClientMetadata =>
        "Ein Wert der Registrierung ist hier unbekannt, nicht erlaubt, oder passt nicht zu einem anderen.";
            "error_description nennt den falschen Eintrag und die Regel.",
            "grant_types und response_types gehören zusammen: code braucht authorization_code.",
            "private_key_jwt braucht jwks oder jwks_uri, und nicht beide.",
            "Algorithmen müssen unter denen sein, die das Discovery-Dokument nennt.",

    InvalidSoftwareStatement =>
        "Das Software-Statement der Registrierung ist nicht zu gebrauchen.";
            "software_statement weglassen und die Angaben offen senden.",
            "Ein Software-Statement ist ein signiertes JWT; alles andere wird abgelehnt.",

    UnapprovedSoftwareStatement =>
        "Dieser Server vertraut niemandes Software-Statements.";
            "software_statement weglassen und die Angaben offen senden.",
            "Die Betreiber dieses Dienstes um eine Registrierung oder ein Initial-Access-Token bitten.",

    InvalidToken =>
        "Das Access-Token ist abgelaufen, widerrufen, beschädigt oder nicht von diesem Server.";
            "Access-Tokens leben Minuten: auffrischen, wenn expires_in vorbei ist, und einmal, wenn ein Aufruf \
             mit diesem Code abgelehnt wird.",
            "Die Person hat sich abgemeldet oder ist gesperrt, die Erlaubnis wurde zurückgezogen oder der \
             Client gelöscht: neu anmelden.",
            "Gesendet wurde ein ID-Token. APIs nehmen Access-Tokens.",
            "Das Token ist für eine andere API: sein aud muss die aufgerufene nennen.",

    InsufficientScope =>
        "Das Access-Token ist gültig, aber es fehlt eine Berechtigung für diesen Aufruf.";
            "Bei der nächsten Anmeldung um den fehlenden Scope bitten; UserInfo braucht openid.",
            "Der Client muss für den Scope registriert sein, und die Person muss ihn erlaubt haben.",
}
