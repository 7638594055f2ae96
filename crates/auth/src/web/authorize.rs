//! `/authorize` (RFC 6749 §3.1, OpenID Connect Core §3.1.2) and its continuation after each step of a person.
//!
//! The order is fixed: client, callback, request, then one decision; what the decision says is done here. The rules are in
//! `protocol::authorize`.

use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use protocol::authorize::callback::Callback;
use protocol::authorize::decide::{self, Situation as Question, Step, Why};
use protocol::authorize::prompt::PromptValue;
use protocol::authorize::request::{AuthorizeRequest, REQUEST_LIMIT};
use protocol::authorize::response_type::ResponseType;
use protocol::client::{Client, RegisteredBy};
use protocol::error::{ErrorCode, OAuthError};
use protocol::ids::{ClientId, InteractionId};
use protocol::login::{Enrolled, Level};
use protocol::metadata::paths;
use protocol::params::Params;
use protocol::scope::Scope;
use protocol::time::Timestamp;
use protocol::user::User;
use store::Won;
use store::interactions::Interaction;
use store::sessions::Session;

use crate::config::{RedirectErrors, SignUp};
use crate::issue::{Order, Whom};
use crate::page_paths;
use crate::request_object::{Refused, Visitor};
use crate::sender;
use crate::web::error::{AuthorizeError, Difference, JsonError, PageError, Situation};
use crate::web::interaction::Pending;
use crate::web::{answer, browser_sessions, form, interaction, login, onward, session};
use crate::{
    AppState, accounts, clients, grants, issue, protocol_log, registration, request_object, session_clients, subject,
};

/// One browser asking for one thing at one moment.
pub(crate) struct Visit {
    pub state: Data<AppState>,
    pub http: HttpRequest,
    pub now: Timestamp,
    pub signed_in: Option<(Session, User)>,
}

/// A request whose client and redirect URI are proven, with the decision about it.
pub(crate) struct Examined {
    pub client: Client,
    pub callback: Callback,
    pub request: AuthorizeRequest,
    pub consented: Option<Scope>,
    pub step: Step,
    /// What the signed-in person can prove, where the step is about that.
    pub enrolled: Enrolled,
    /// What the request and the client insist on.
    pub demanded: Level,
}

pub(crate) async fn get(state: Data<AppState>, http: HttpRequest) -> Result<HttpResponse, AuthorizeError> {
    let query = form::page_query(&http)?;
    let visit = Visit::new(state, http).await?;
    let params = visit.assembled(query).await?;
    visit.proceed(&params, None).await
}

/// OpenID Connect Core §3.1.2.1: the endpoint takes POST too. The answer is a redirect to the same request as GET: a form
/// from another site comes without our `SameSite=Lax` cookies, the redirect that follows has them.
pub(crate) async fn post(
    state: Data<AppState>,
    http: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, AuthorizeError> {
    let params = form::read(&state, &http, body).await.map_err(PageError::from)?;
    let query = params.encode();
    if query.len() > REQUEST_LIMIT {
        let error = OAuthError::new(ErrorCode::InvalidRequest, "the request is larger than 16 KiB");
        return Err(PageError::bad_link(error).into());
    }
    let location = format!("{}?{query}", state.issuer().endpoint(paths::AUTHORIZE));
    Ok(answer::see_other(location))
}

impl Visit {
    pub(crate) async fn new(state: Data<AppState>, http: HttpRequest) -> Result<Self, PageError> {
        let now = state.now();
        let signed_in = session::current(&state, &http, now).await?;
        Ok(Self { state, http, now, signed_in })
    }

    /// Somebody opens a page of an interaction; the query names it.
    pub(crate) async fn resumed(state: Data<AppState>, http: HttpRequest) -> Result<(Self, Pending), PageError> {
        let query = form::page_query(&http)?;
        Self::answered(state, http, &query).await
    }

    /// Somebody sends the form of such a page.
    pub(crate) async fn answered(
        state: Data<AppState>,
        http: HttpRequest,
        form: &Params,
    ) -> Result<(Self, Pending), PageError> {
        let visit = Self::new(state, http).await?;
        let id = form::field(form, "interaction")?;
        let pending = interaction::find(&visit.state, &visit.http, id, visit.now).await?;
        Ok((visit, pending))
    }

    /// The same for a form that is bound to its interaction only.
    pub(crate) async fn posted(
        state: Data<AppState>,
        http: HttpRequest,
        body: Payload,
    ) -> Result<(Self, Pending, Params), PageError> {
        let form = form::read(&state, &http, body).await?;
        let (visit, pending) = Self::answered(state, http, &form).await?;
        pending.check_form(&visit.state, &visit.http, &form, None)?;
        Ok((visit, pending, form))
    }

    /// The request with its request object taken apart. That happens here and nowhere else: what waits in an interaction, and is
    /// checked again at each step, is the result.
    async fn assembled(&self, query: Params) -> Result<Params, AuthorizeError> {
        if !request_object::is_presented(&query) {
            return Ok(query);
        }
        let client = self.client(&query).await?;
        // Until the object is verified, only the query says where an error may go. Nothing is fetched for a query that says
        // something else than the client registered.
        let callback = match Self::callback(&client, &query) {
            Err(page) if request_object::is_by_reference(&query) && query.get("redirect_uri") != Ok(None) => {
                return Err(page.into());
            }
            callback => callback,
        };
        let visitor = Visitor { peer: sender::address(&self.state, &self.http), now: self.now };
        let assembled = request_object::assemble(&self.state, &client, query, visitor).await;
        assembled.map_err(|Refused { error, cause, retry_after }| match callback {
            Ok(callback) => self.refused(&client, callback, JsonError { retry_after, cause, ..JsonError::new(error) }),
            Err(_) if retry_after.is_some() => {
                PageError { retry_after, ..PageError::new(Situation::TooMany).client(client.id.as_str()) }.into()
            }
            Err(_) => {
                let page = PageError::bad_link(error).client(client.id.as_str());
                PageError { cause: cause.map(String::into_boxed_str), ..page }.into()
            }
        })
    }

    /// Checks a request from its first parameter to the decision. `pending` is the interaction it waits in, if it does.
    pub(crate) async fn examine(
        &self,
        params: &Params,
        pending: Option<&Interaction>,
    ) -> Result<Examined, AuthorizeError> {
        let client = self.client(params).await?;
        let callback = Self::callback(&client, params)?;
        let request =
            AuthorizeRequest::check(params, &client).map_err(|error| self.refused(&client, callback.clone(), error))?;
        self.check_prompt(&request).map_err(|error| self.refused(&client, callback.clone(), error))?;
        let expected = self.expected_sub(&request).map_err(|error| self.refused(&client, callback.clone(), error))?;
        let consented = match &self.signed_in {
            Some((session, _)) => store::consents::find(&self.state.store, &session.user_id, &client.id).await?,
            None => None,
        };
        let login = self.signed_in.as_ref().map(|(session, _)| session::login(session));
        let demanded = decide::demanded(&request, &client);
        let enrolled = self.enrolled_if_short_of(demanded).await?;
        let sub = login.as_ref().map(|login| subject::of(&self.state, &client, &login.user_id)).unwrap_or_default();
        let step = decide::decide(&Question {
            request: &request,
            client: &client,
            login: login.as_ref(),
            sub: &sub,
            expected_sub: expected.as_deref(),
            enrolled,
            consented: consented.as_ref(),
            progress: &interaction::progress(pending, self.now),
            now: self.now,
        });
        Ok(Examined { client, callback, request, consented, step, enrolled, demanded })
    }

    /// Of somebody whose session reaches the level nothing has to be looked up.
    async fn enrolled_if_short_of(&self, demanded: Level) -> Result<Enrolled, PageError> {
        match &self.signed_in {
            Some((session, user)) if session::login(session).level() < demanded => {
                Ok(accounts::enrolled(&self.state, user).await?)
            }
            _ => Ok(Enrolled::default()),
        }
    }

    /// The error, on its way to the client. RFC 9700 §4.11.2: "The authorization server MUST always authenticate the user first";
    /// who has not signed in is not sent to the address of a client that nobody vouches for without a question.
    fn refused(&self, client: &Client, callback: Callback, error: impl Into<JsonError>) -> AuthorizeError {
        let error = error.into();
        let trusted = match client.registered_by {
            RegisteredBy::Administrator => true,
            RegisteredBy::Dynamic => self.state.config.registration.redirect_errors == RedirectErrors::Always,
        };
        match &self.signed_in {
            None if !trusted => AuthorizeError::Held(callback, Box::new(error)),
            _ if error.cause.is_some() => AuthorizeError::failed(callback, error),
            _ => AuthorizeError::Back(callback, error.error),
        }
    }

    /// Examines the request and does what the decision says.
    pub(crate) async fn proceed(
        self,
        params: &Params,
        pending: Option<Interaction>,
    ) -> Result<HttpResponse, AuthorizeError> {
        let examined = self.examine(params, pending.as_ref()).await?;
        let page = match &examined.step {
            // Somebody waits in this browser: better chosen than signed in again.
            Step::Login(Why::NotSignedIn) if !browser_sessions::waiting(&self.state, &self.http).is_empty() => {
                page_paths::SELECT_ACCOUNT
            }
            Step::Login(_) => paths::LOGIN,
            Step::SignUp => page_paths::SIGN_UP,
            Step::SecondFactor => login::second_factor_page(examined.enrolled),
            Step::Enrol => page_paths::ENROL,
            Step::SelectAccount => page_paths::SELECT_ACCOUNT,
            Step::Consent(_) => paths::CONSENT,
            Step::Refuse(error) => {
                self.finish(pending).await?;
                return Err(self.refused(&examined.client, examined.callback, error.clone()));
            }
            Step::Issue => return self.issue(examined, pending).await,
        };
        let id = match pending {
            Some(interaction) => interaction.id,
            None => interaction::begin(&self.state, &self.http, &examined.client.id, params).await?,
        };
        Ok(self.to_page(page, &id))
    }

    /// 303 to a page of an interaction.
    pub(crate) fn to_page(&self, page: &str, id: &InteractionId) -> HttpResponse {
        let location = format!("{}?interaction={id}", self.state.issuer().endpoint(page));
        answer::see_other(location)
    }

    /// Inserts the grant and answers with what was asked for. An interaction yields one answer, however often it is asked.
    async fn issue(mut self, examined: Examined, pending: Option<Interaction>) -> Result<HttpResponse, AuthorizeError> {
        self.finish(pending).await?;
        let Examined { client, callback, request, .. } = examined;
        let Some((session, user)) = self.signed_in.take() else {
            let error = OAuthError::new(ErrorCode::LoginRequired, "nobody is signed in");
            return Err(AuthorizeError::Back(callback, error));
        };
        protocol_log::proven(&self.http);
        let (grant, code) = grants::begin(&self.state, &client, &request, &session, self.now);
        let order = Order { client: &client, scope: &request.scope, now: self.now };
        let whom = Whom { grant: &grant, user: &user };
        let granted = issue::for_authorization(&self.state, order, whom, &request, &code)
            .await
            .map_err(|error| AuthorizeError::failed(callback.clone(), error))?;
        // An ID token by itself rests on nothing that could be revoked.
        let grant = (request.response_type != ResponseType::IdToken).then_some(&grant);
        if session_clients::sign_in(&self.state, &client, &session, grant).await? == Won::No {
            let error = OAuthError::new(ErrorCode::LoginRequired, "the person signed out meanwhile");
            return Err(AuthorizeError::Back(callback, error));
        }
        if registration::used(&self.state, &client, self.now).await? == Won::No {
            let error = OAuthError::new(ErrorCode::UnauthorizedClient, "the client expired or was deleted meanwhile");
            return Err(PageError::bad_link(error.at("client_id")).client(client.id.as_str()).into());
        }
        let answer = callback.grant(self.state.issuer(), granted);
        Ok(answer::respond(answer, &client.name, &self.state, &self.http))
    }

    /// Takes the interaction away. Of parallel requests one wins; the others have nothing left to answer.
    pub(crate) async fn finish(&self, pending: Option<Interaction>) -> Result<(), PageError> {
        let Some(interaction) = pending else { return Ok(()) };
        match store::interactions::finish(&self.state.store, &interaction.id, self.now).await? {
            Won::Yes => Ok(()),
            Won::No => {
                let error = PageError::new(Situation::Expired).because("a parallel request finished the interaction");
                Err(onward::ended(&self.state, &interaction, error).await?)
            }
        }
    }

    async fn client(&self, params: &Params) -> Result<Client, AuthorizeError> {
        let bad =
            |text: &'static str| PageError::bad_link(OAuthError::new(ErrorCode::InvalidRequest, text).at("client_id"));
        let sent = params.require("client_id").map_err(PageError::bad_link)?;
        let id = ClientId::parse(sent).map_err(|_| bad("client_id is not one that this server gave out"))?;
        protocol_log::asked(&self.state, &self.http, params);
        let found = store::clients::find(&self.state.store, &id).await?;
        if found.is_some() {
            protocol_log::about(&self.http, &id);
        }
        match found {
            Some(mut client) => {
                if let Some(cause) = clients::unserved(&self.state, &client, self.now) {
                    return Err(bad("the client is not active").client(id.as_str()).because(cause).into());
                }
                // What the installation switched off meanwhile is off for those who were registered for it before, too.
                client.response_types.retain(|kind| self.state.config.openid.response_types_supported.contains(kind));
                Ok(client)
            }
            None => Err(bad("no client is registered with this client_id").client(id.as_str()).into()),
        }
    }

    /// RFC 6749 §4.1.2.1: with a bad redirect URI the server tells the person and never redirects.
    fn callback(client: &Client, params: &Params) -> Result<Callback, PageError> {
        Callback::resolve(client, params).map_err(|error| {
            let registered = client.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect();
            let difference = match params.get("redirect_uri") {
                Ok(Some(received)) => Some(Box::new(Difference { registered, received: received.to_owned() })),
                _ => None,
            };
            PageError { difference, ..PageError::bad_link(error).client(client.id.as_str()) }
        })
    }

    /// Initiating User Registration §4.1: "If the OpenID Provider receives a prompt value that it does not support (not declared in the
    /// prompt_values_supported metadata field), the OP SHOULD respond with" `invalid_request`. `create` is declared where everybody
    /// may sign up; whoever is invited comes by the link of the invitation.
    fn check_prompt(&self, request: &AuthorizeRequest) -> Result<(), OAuthError> {
        if self.state.config.accounts.sign_up != SignUp::Open && request.prompt.contains(PromptValue::Create) {
            let description = "prompt=create is not supported, because people cannot sign up here by themselves";
            return Err(OAuthError::new(ErrorCode::InvalidRequest, description).at("prompt"));
        }
        Ok(())
    }

    /// The `sub` that a verified `id_token_hint` names (OpenID Connect Core §3.1.2.1).
    fn expected_sub(&self, request: &AuthorizeRequest) -> Result<Option<String>, OAuthError> {
        let Some(token) = &request.id_token_hint else { return Ok(None) };
        let refused = || {
            OAuthError::new(ErrorCode::InvalidRequest, "id_token_hint is not an ID token of this server")
                .at("id_token_hint")
        };
        // A hint of another client is as good: where `sub` differs between the two, it names nobody here.
        let hint = issue::id_token::read_hint(&self.state, token, self.now).ok_or_else(refused)?;
        Ok(Some(hint.sub))
    }
}
